import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { Rak3172Emulator, type Rak3172EmulatorOptions } from "../../hw/rak3172/emulator.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { Terminal } from "../support/terminal.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

async function terminal(firmware: Rak3172EmulatorOptions["firmware"] = "4.0.5") {
    const made = new Terminal(clock);
    await made.plug(new Rak3172Emulator({ air, clock, firmware }), "Current Work Mode: LoRaWAN.");
    return made;
}

/** In its point-to-point mode. */
async function ready(firmware?: Rak3172EmulatorOptions["firmware"]) {
    const made = await terminal(firmware);
    expect(await made.type("AT+NWM=0\r\n", 2_000)).toContain("Current Work Mode: LoRa P2P.|");
    return made;
}

describe("the emulated RAK3172", () => {
    it.each([
        ["AT\r\n", "OK|"],
        ["AT+VER=?\r\n", "AT+VER=RUI_4.0.5_RAK3172-E|OK|"],
        ["AT+NWM=?\r\n", "AT+NWM=0|OK|"],
        ["AT+NWM=7\r\n", "AT_PARAM_ERROR|"],
        ["AT+P2P=?\r\n", "AT+P2P=868000000:7:125:0:8:14|OK|"],
        ["AT+P2P=868100000:9:125:0:12:14\r\n", "OK|"],
        ["AT+P2P=868100000:9:125:0:12\r\n", "AT_PARAM_ERROR|"],
        ["AT+P2P=100000000:9:125:0:12:14\r\n", "AT_PARAM_ERROR|"],
        ["AT+P2P=868100000:13:125:0:12:14\r\n", "AT_PARAM_ERROR|"],
        ["AT+P2P=868100000:9:62:0:12:14\r\n", "AT_PARAM_ERROR|"],
        ["AT+P2P=868100000:9:125:4:12:14\r\n", "AT_PARAM_ERROR|"],
        ["AT+P2P=868100000:9:125:0:4:14\r\n", "AT_PARAM_ERROR|"],
        ["AT+P2P=868100000:9:125:0:12:23\r\n", "AT_PARAM_ERROR|"],
        ["AT+P2P=868100000:9:125:0:12:4\r\n", "AT_PARAM_ERROR|"],
        ["AT+PSEND=ABC\r\n", "AT_PARAM_ERROR|"],
        ["AT+PSEND=\r\n", "AT_PARAM_ERROR|"],
        ["AT+PSEND=XY\r\n", "AT_PARAM_ERROR|"],
        [`AT+PSEND=${"00".repeat(240)}\r\n`, "AT_PARAM_ERROR|"],
        ["AT+PSEND=01\r\n", "OK|+EVT:TXP2P DONE|"],
        ["AT+PRECV=65536\r\n", "AT_PARAM_ERROR|"],
        ["AT+PRECV=100\r\n", "OK|+EVT:RXP2P RECEIVE TIMEOUT|"],
        ["AT+CAD=2\r\n", "AT_PARAM_ERROR|"],
        ["AT+NONSENSE=1\r\n", "AT_COMMAND_NOT_FOUND|"],
        ["HELLO\r\n", "AT_COMMAND_NOT_FOUND|"],
    ])("%j gives %j", async (typed, answer) => {
        expect(await (await ready()).type(typed)).toBe(answer);
    });

    it("does nothing of point to point in its LoRaWAN mode", async () => {
        const module = await terminal();
        for (const line of ["AT+P2P=868100000:9:125:0:12:14", "AT+P2P=?", "AT+PSEND=00", "AT+PRECV=0"])
            expect([line, await module.type(`${line}\r\n`)]).toEqual([line, "AT_MODE_NO_SUPPORT|"]);
    });

    it("receives in the ways that its manual tells apart", async () => {
        const module = await ready();
        expect(await module.type("AT+PRECV=65534\r\n")).toBe("OK|");
        expect(await module.type("AT+PSEND=00\r\n")).toBe("AT_BUSY_ERROR|");
        expect(await module.type("AT+PRECV=65533\r\n")).toBe("P2P_RX_ON already|AT_BUSY_ERROR|");
        expect(await module.type("AT+P2P=868100000:9:125:0:12:14\r\n")).toContain("AT_BUSY_ERROR|");
        expect(await module.type("AT+NWM=1\r\n")).toContain("AT_BUSY_ERROR|");
        expect(await module.type("AT+PRECV=0\r\n")).toBe("OK|");
        expect(await module.type("AT+PRECV=65533\r\n")).toBe("OK|");
        expect(await module.type("AT+PSEND=00\r\n")).toBe("OK|+EVT:TXP2P DONE|");
        const sender = await ready();
        for (const [time, packets] of [
            ["65533", 2],
            ["65535", 1],
        ] as const) {
            await module.type("AT+PRECV=0\r\n");
            await module.type(`AT+PRECV=${time}\r\n`);
            module.heard = "";
            await sender.type("AT+PSEND=4869\r\n");
            await sender.type("AT+PSEND=4869\r\n");
            expect(module.heard.match(/\+EVT:RXP2P:-\d+:-?\d+:4869\r\n/g)).toHaveLength(packets);
        }
    });

    it("speaks in two lines of a packet, with older firmware at 9600 baud", async () => {
        const [module, sender] = [await ready("1.0.2"), await ready("1.0.2")];
        expect(await module.type("AT+P2P=?\r\n")).toBe("868000000:7:125:0:8:14|OK|");
        expect(await module.type("AT+CAD=1\r\n")).toBe("AT_COMMAND_NOT_FOUND|");
        await module.type("AT+PRECV=65534\r\n");
        module.heard = "";
        await sender.type("AT+PSEND=4869\r\n", 1_000);
        expect(module.heard).toMatch(/^\+EVT:RXP2P, RSSI -\d+, SNR -?\d+\r\n\+EVT:4869\r\n$/);
        // 4 bytes to the module and 6 back, 10 bits each, and 5 ms of work.
        expect(await module.type("AT\r\n", 14)).toBe("");
        expect(await module.type("", 2)).toBe("OK|");
    });

    it("cannot be understood at another baud rate", async () => {
        const module = new Terminal(clock);
        await module.plug(new Rak3172Emulator({ air, clock, firmware: "1.0.2" }), "", 115_200);
        expect(module.heard).not.toMatch(/[A-Za-z]/);
        expect(await module.type("AT\r\n")).toBe("");
    });

    it("takes the whole airtime of a packet, and refuses a second one meanwhile", async () => {
        const module = await ready();
        const params = { frequencyHz: 868_000_000, spreadingFactor: 7, bandwidthHz: 125_000, codingRate: 1 };
        const airtimeMs = loraAirtimeMs({ ...params, preambleSymbols: 8, powerDbm: 14 }, 239);
        expect(await module.type(`AT+PSEND=${"00".repeat(239)}\r\n`, 60)).toBe("OK|");
        expect(await module.type("AT+PSEND=00\r\n", 20)).toBe("AT_BUSY_ERROR|");
        expect(await module.type("", airtimeMs - 32)).toBe("");
        expect(await module.type("", 4)).toBe("+EVT:TXP2P DONE|");
        expect(air.statistics).toMatchObject({ transmissions: 1, airtimeMs });
    });

    it("finds the channel busy with CAD, and does not without", async () => {
        const [one, two] = [await ready(), await ready()];
        await two.type("AT+CAD=1\r\n");
        void one.type(`AT+PSEND=${"00".repeat(200)}\r\n`, 0);
        await clock.advance(60);
        expect(await two.type("AT+PSEND=00\r\n", 100)).toBe("AT_BUSY_ERROR|");
        await two.type("AT+CAD=0\r\n", 20);
        expect(await two.type("AT+PSEND=00\r\n", 100)).toBe("OK|+EVT:TXP2P DONE|");
    });
});
