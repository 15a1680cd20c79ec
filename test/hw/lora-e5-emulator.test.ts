import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { LoraE5Emulator, type LoraE5EmulatorOptions } from "../../hw/lora-e5/emulator.ts";
import { COMMAND_BYTES_MAX } from "../../hw/lora-e5/settings.ts";
import { Terminal } from "../support/terminal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

const RFCFG = "AT+TEST=RFCFG,868.1,SF7,125,12,15,14,ON,OFF,OFF\r\n";
const ECHO = "+TEST: RFCFG F:868100000, SF7, BW125K, TXPR:12, RXPR:15, POW:14dBm, CRC:ON, IQ:OFF, NET:OFF|";

async function terminal(options: Partial<LoraE5EmulatorOptions> = {}) {
    const made = new Terminal(clock);
    await made.plug(new LoraE5Emulator({ air, clock, ...options }), "");
    return made;
}

/** In its test mode, with a fast channel. */
async function ready(options: Partial<LoraE5EmulatorOptions> = {}) {
    const made = await terminal(options);
    expect(await made.type("AT+MODE=TEST\r\n")).toBe("+MODE: TEST|");
    expect(await made.type(RFCFG)).toBe(ECHO);
    return made;
}

describe("the emulated LoRa-E5", () => {
    it.each([
        ["AT\r\n", "+AT: OK|"],
        ["at\n", "+AT: OK|"],
        ["AT+VER\r\n", "+VER: 4.0.11|"],
        ["AT+MODE\r\n", "+MODE: TEST|"],
        ["AT+MODE=NONSENSE\r\n", "+AT: ERROR(-1)|"],
        ["AT+NONSENSE\r\n", "+AT: ERROR(-10)|"],
        ["HELLO\r\n", "+AT: ERROR(-10)|"],
        ["AT+TEST=NONSENSE\r\n", "+AT: ERROR(-11)|"],
        ["AT+TEST=RFCFG,868.1,7,125,12,15,14,ON,OFF,OFF\r\n", "+AT: ERROR(-11)|"],
        ["AT+TEST=RFCFG,868.1,SF6,125,12,15,14,ON,OFF,OFF\r\n", "+AT: ERROR(-1)|"],
        ["AT+TEST=RFCFG,868.1,SF7,62,12,15,14,ON,OFF,OFF\r\n", "+AT: ERROR(-1)|"],
        ["AT+TEST=RFCFG,868.1,SF7,125,12,15,23,ON,OFF,OFF\r\n", "+AT: ERROR(-1)|"],
        ["AT+TEST=RFCFG,868.1,SF7,125,12,15,14,ON,OFF,OFF,5\r\n", "+AT: ERROR(-20)|"],
        ["AT+TEST=RXLRPKT\r\n", "+TEST: RXLRPKT|"],
        ["AT+TEST=STOP\r\n", "+TEST: STOP|"],
        ['AT+TEST=TXLRPKT, "ab CD"\r\n', '+TEST: TXLRPKT "ABCD"|+TEST: TX DONE|'],
        ['AT+TEST=TXLRPKT,"123"\r\n', '+TEST: TXLRPKT "0123"|+TEST: TX DONE|'],
        ['AT+TEST=TXLRPKT,"XY"\r\n', "+AT: ERROR(-1)|"],
        ['AT+TEST=TXLRPKT,""\r\n', "+AT: ERROR(-1)|"],
        ["AT+TEST=\u00ff\r\n", "+AT: ERROR(-23)|"],
    ])("%j gives %j", async (typed, answer) => {
        expect(await (await ready()).type(typed)).toBe(answer);
    });

    it("tests nothing outside its test mode, and is outside after a reset, of which it says nothing", async () => {
        const module = await ready();
        expect(await module.type("AT+RESET\r\n", 2_000)).toBe("+RESET: OK|");
        expect(await module.type("AT+MODE\r\n")).toBe("+MODE: LWABP|");
        for (const line of [RFCFG, "AT+TEST=RXLRPKT\r\n", 'AT+TEST=TXLRPKT,"00"\r\n'])
            expect(await module.type(line)).toBe("+AT: ERROR(-12)|");
    });

    it("takes a command of 528 characters and none of 529, and not one without an end", async () => {
        const module = await ready();
        const line = (size: number): string => `${"AT+TEST=STOP".padEnd(size - 2)}\r\n`;
        expect(await module.type(line(COMMAND_BYTES_MAX), 1_000)).toBe("+AT: ERROR(-11)|");
        expect(await module.type(line(COMMAND_BYTES_MAX + 1), 1_000)).toBe("+AT: ERROR(-21)|");
        expect(await module.type("AT", 2_000)).toBe("+AT: ERROR(-22)|");
    });

    it.each([
        [false, "4869"],
        [true, "48 69"],
    ])("writes a packet in two lines, spaces: %s, and is deaf after one of its own", async (spacesHex, hex) => {
        const [one, two] = [await ready({ spacesHex }), await ready({ spacesHex })];
        await one.type("AT+TEST=RXLRPKT\r\n");
        one.heard = "";
        await two.type('AT+TEST=TXLRPKT,"4869"\r\n');
        expect(one.heard).toMatch(/^\+TEST: LEN:2, RSSI:-\d+, SNR:-?\d+\r\n/);
        expect(one.heard.split("\r\n")[1]).toBe(`+TEST: RX "${hex}"`);
        await one.type('AT+TEST=TXLRPKT,"00"\r\n');
        one.heard = "";
        await two.type('AT+TEST=TXLRPKT,"4869"\r\n');
        expect(one.heard).toBe("");
    });

    it("is as slow as 9600 baud, or as what it is set to after the next start", async () => {
        const module = await ready();
        // 4 bytes to the module and 9 back, 10 bits each, and 5 ms of work.
        expect(await module.type("AT\r\n", 18)).toBe("");
        expect(await module.type("", 1)).toBe("+AT: OK|");
        expect(await module.type("AT+UART=BR,115200\r\n")).toBe("+UART: BR, 115200|");
        await module.type("AT+RESET\r\n", 2_000);
        expect(await module.type("AT\r\n", 7)).toBe("+AT: OK|");
    });
});
