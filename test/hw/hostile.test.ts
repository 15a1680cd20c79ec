import { describe, expect, it } from "vitest";
import { LINE_BYTES_MAX as LORA_E5_LINE_MAX, LoraE5Reader } from "../../hw/lora-e5/reader.ts";
import { LINE_BYTES_MAX as RAK3172_LINE_MAX, Rak3172Reader } from "../../hw/rak3172/reader.ts";
import { DialogueReader, LINE_BYTES_MAX as RYLR998_LINE_MAX } from "../../hw/rylr998/dialogue.ts";
import { type HostileTrial, survive } from "../support/hostile.ts";

/** A million sequences take seconds, and this machine does other things too. */
const TIMEOUT_MS = 15_000;
const SEQUENCES = 1_000_000;
const SEED = 20_261_125;
const LF = 0x0a;

type Kind = Omit<HostileTrial, "sequences" | "seed" | "isGood">;

const KINDS: Readonly<Record<string, Kind>> = {
    RYLR998: {
        parser: new DialogueReader(),
        corpus: [
            "+OK\r\n",
            "+ERR=17\r\n",
            "+RESET\r\n+READY\r\n",
            "+PARAMETER=9,7,1,12\r\n",
            "+RCV=50,5,HELLO,-99,40\r\n",
            "+RCV=65535,11,a,b\r\n+OK\r\n\u00ff,-120,-20\r\n",
        ],
        good: "+RCV=7,4,good,-99,7\r\n",
        // A begun packet may want 240 bytes of data and its numbers before it is found out.
        flush: new Uint8Array(RYLR998_LINE_MAX).fill(LF),
    },
    RAK3172: {
        parser: new Rak3172Reader(() => undefined),
        corpus: [
            "\r\nOK\r\n",
            "AT+P2P=868100000:9:125:0:12:14\r\n\r\nOK\r\n",
            "AT_BUSY_ERROR\r\n",
            "+EVT:RXP2P:-37:11:48656C6C6F\r\n",
            "+EVT:RXP2P, RSSI -37, SNR 11\r\n+EVT:4869\r\n",
            "+EVT:TXP2P DONE\r\n",
            "Current Work Mode: LoRa P2P.\r\n",
        ],
        good: "+EVT:RXP2P:-99:7:676F6F64\r\n",
        flush: Uint8Array.of(LF),
    },
    "LoRa-E5": {
        parser: new LoraE5Reader(),
        corpus: [
            "+AT: OK\r\n",
            "+MODE: TEST\r\n",
            "+TEST: RFCFG F:868100000, SF9, BW125K, TXPR:12, RXPR:15, POW:14dBm, CRC:ON, IQ:OFF, NET:OFF\r\n",
            '+TEST: TXLRPKT "48656C6C6F"\r\n+TEST: TX DONE\r\n',
            '+TEST: LEN:5, RSSI:-26, SNR:13\r\n+TEST: RX "48656C6C6F"\r\n',
            '+TEST: LEN:2, RSSI:-26, SNR:13\r\n+TEST: RX "48 69"\r\n',
            "+AT: ERROR(-12)\r\n",
        ],
        good: '+TEST: LEN:4, RSSI:-99, SNR:7\r\n+TEST: RX "676F6F64"\r\n',
        flush: Uint8Array.of(LF),
    },
};

/** "good" at -99 dBm with 7 dB. */
function isGood(said: unknown): boolean {
    const { kind, data, rssiDbm } = said as { kind: string; data?: Uint8Array; rssiDbm?: number };
    return kind === "received" && rssiDbm === -99 && String.fromCharCode(...(data ?? [])) === "good";
}

describe.each(Object.entries(KINDS))("the reader of a %s", (_, kind) => {
    it(`survives a million hostile sequences and understands every good packet, seed ${SEED}`, {
        timeout: TIMEOUT_MS,
    }, () => {
        survive({ ...kind, isGood, sequences: SEQUENCES, seed: SEED });
    });
});

it.each<[string, Kind["parser"], number]>([
    ["RYLR998", new DialogueReader(), RYLR998_LINE_MAX],
    ["RAK3172", new Rak3172Reader(() => undefined), RAK3172_LINE_MAX],
    ["LoRa-E5", new LoraE5Reader(), LORA_E5_LINE_MAX],
])("a flood without a line end is dropped by the line: %s", (_, parser, lineMax) => {
    const said = parser.push(new Uint8Array(lineMax * 1_000 + 7).fill(65));
    expect(said).toHaveLength(1_000);
    expect(said[999]).toEqual({ kind: "noise", size: lineMax });
});
