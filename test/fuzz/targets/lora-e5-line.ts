import { LINE_BYTES_MAX, LoraE5Reader } from "../../../hw/lora-e5/reader.ts";
import { readerTarget } from "../reader-target.ts";

/** What a LoRa-E5 says to its driver. */
export const target = readerTarget({
    name: "lora-e5-line",
    makeReader: () => new LoraE5Reader(),
    lineBytesMax: LINE_BYTES_MAX,
    lines: [
        "+AT: OK\r\n",
        "+MODE: TEST\r\n",
        "+TEST: RFCFG F:868100000, SF9, BW125K, TXPR:12, RXPR:15, POW:14dBm, CRC:ON, IQ:OFF, NET:OFF\r\n",
        '+TEST: TXLRPKT "48656C6C6F"\r\n+TEST: TX DONE\r\n',
        '+TEST: LEN:5, RSSI:-26, SNR:13\r\n+TEST: RX "48656C6C6F"\r\n',
        '+TEST: LEN:2, RSSI:-26, SNR:13\r\n+TEST: RX "48 69"\r\n',
        "+AT: ERROR(-12)\r\n",
    ],
    good: '+TEST: LEN:4, RSSI:-99, SNR:7\r\n+TEST: RX "676F6F64"\r\n',
});
