import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import { Terminal } from "../support/terminal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

async function terminal(binarySafe = true): Promise<Terminal> {
    const made = new Terminal(clock);
    await made.plug(new Rylr998Emulator({ air, clock, binarySafe }), "+READY\r\n");
    return made;
}

describe("the emulated module", () => {
    it.each([
        ["AT\r\n", "+OK|"],
        ["AT+ADDRESS?\r\n", "+ADDRESS=0|"],
        ["AT+ADDRESS=65535\r\n", "+OK|"],
        ["AT+ADDRESS=65536\r\n", "+ERR=4|"],
        ["AT+NETWORKID=16\r\n", "+ERR=4|"],
        ["AT+PARAMETER=10,7,1,12\r\n", "+ERR=4|"],
        ["AT+PARAMETER=10,8,1,12\r\n", "+OK|"],
        ["AT+PARAMETER=9,7,1,3\r\n", "+ERR=18|"],
        ["AT+CRFOP=23\r\n", "+ERR=4|"],
        ["AT+CPIN=00000000\r\n", "+ERR=4|"],
        ["AT+CPIN=EEDCAA90\r\n", "+OK|"],
        ["AT+MODE=2,20,30\r\n", "+ERR=20|"],
        ["AT+VER?\r\n", "+VER=RYLR998_REYAX_V1.2.2|"],
        ["AT+NONSENSE=1\r\n", "+ERR=4|"],
        ["HELLO\r\n", "+ERR=2|"],
        ["AT", "+ERR=1|"],
        ["AT\n", "+ERR=1|"],
        ["AT+SEND=0,3,abcd\r\n", "+ERR=5|"],
        [`AT+SEND=0,241,${"x".repeat(241)}\r\n`, "+ERR=13|"],
        ["AT+RESET\r\n", "+RESET|+READY|"],
        ["AT+IPR=9600\r\n", "+IPR=9600|"],
        ["AT+IPR=9601\r\n", "+ERR=4|"],
    ])("%j gives %j", async (typed, answer) => {
        expect(await (await terminal()).type(typed)).toBe(answer);
    });

    it("refuses a preamble of its own on another network than 18", async () => {
        const module = await terminal();
        await module.type("AT+NETWORKID=5\r\n");
        expect(await module.type("AT+PARAMETER=9,7,1,16\r\n")).toBe("+ERR=18|");
    });

    it("takes bytes in the order they come, however they are cut", async () => {
        const module = await terminal();
        const line = `AT+SEND=0,240,${"x".repeat(240)}\r\n`;
        void module.type(line.slice(0, 200), 0);
        void module.type(line.slice(200, 250), 0);
        expect(await module.type(line.slice(250), 3_000)).toBe("+OK|");
    });

    it("needs the time of its baud rate for every byte, both ways", async () => {
        const module = await terminal();
        await module.type("AT+IPR=300\r\n", 2_000);
        // 4 bytes to the module and 5 back, 10 bits each, with a little work between.
        expect(await module.type("AT\r\n", 300)).toBe("");
        expect(await module.type("", 10)).toBe("+OK|");
    });

    it("takes the whole airtime of 240 bytes at SF9, and then says so", async () => {
        const module = await terminal();
        // 248 bytes on the air: 16.25 symbols of preamble and 8 + 5 * ceil(2000 / 36) of header and data, 4.096 ms each.
        const airtimeMs = (12 + 4.25 + 8 + 5 * 56) * 4.096;
        const lineMs = ((14 + 240 + 2 + 5) * 10_000) / 115_200;
        const line = `AT+SEND=0,240,${"x".repeat(240)}\r\n`;
        void module.type(line.slice(0, 128), 0);
        expect(await module.type(line.slice(128), airtimeMs + lineMs + 4)).toBe("");
        expect(await module.type("", 2)).toBe("+OK|");
        expect(air.statistics.airtimeMs).toBeCloseTo(airtimeMs, 6);
    });

    it("refuses to send while it sends", async () => {
        const module = await terminal();
        expect(await module.type("AT+SEND=0,5,HELLO\r\n", 20)).toBe("");
        expect(await module.type("AT+SEND=0,5,HELLO\r\n", 20)).toBe("+ERR=17|");
        expect(await module.type("", 1_000)).toBe("+OK|");
    });

    it("keeps over a reset what the guide says it keeps", async () => {
        const module = await terminal();
        for (const line of [
            "ADDRESS=5",
            "NETWORKID=6",
            "PARAMETER=8,7,2,12",
            "BAND=868500000",
            "CRFOP=3",
            "CPIN=EEDCAA90",
        ]) {
            await module.type(`AT+${line}\r\n`);
        }
        await module.type("AT+RESET\r\n");
        const asked = ["ADDRESS", "NETWORKID", "PARAMETER", "BAND", "CRFOP", "CPIN"];
        const answers: string[] = [];
        for (const name of asked) answers.push((await module.type(`AT+${name}?\r\n`)).replace("|", ""));
        expect(answers).toEqual([
            "+ADDRESS=5",
            "+NETWORKID=6",
            "+PARAMETER=8,7,2,12",
            "+BAND=915000000",
            "+CRFOP=22",
            "+CPIN=00000000",
        ]);
        await module.type("AT+BAND=868500000,M\r\n");
        await module.type("AT+RESET\r\n");
        expect(await module.type("AT+BAND?\r\n")).toBe("+BAND=868500000|");
    });

    it("frames data by length, or ends the command at a line end inside it, as firmware differs", async () => {
        const [safe, unsafe] = [await terminal(true), await terminal(false)];
        expect(await safe.type("AT+SEND=0,4,a\r\nb\r\n", 2_000)).toContain("+OK");
        expect(await unsafe.type("AT+SEND=0,4,a\r\nb\r\n", 2_000)).toContain("+ERR=5");
    });

    it("hears only its own network, address and password, and no one while it talks", async () => {
        const [one, two, three] = [await terminal(), await terminal(), await terminal()];
        await two.type("AT+ADDRESS=2\r\n");
        await three.type("AT+ADDRESS=3\r\n");
        two.heard = "";
        expect(await three.type("", 1)).toBe("");
        await one.type("AT+SEND=2,2,hi\r\n", 2_000);
        expect(two.heard).toMatch(/^\+RCV=0,2,hi,-\d+,-?\d+\r\n$/);
        expect(three.heard).toBe("");
        await two.type("AT+CPIN=EEDCAA90\r\n");
        two.heard = "";
        await one.type("AT+SEND=0,2,hi\r\n", 2_000);
        expect(two.heard).toBe("");
        expect(three.heard).toContain("+RCV=0,2,hi");
        three.heard = "";
        void three.type("AT+SEND=0,2,me\r\n", 0);
        await one.type("AT+SEND=0,2,hi\r\n", 2_000);
        expect(three.heard).not.toContain("+RCV");
        expect(air.statistics.collided).toBe(2);
    });
});
