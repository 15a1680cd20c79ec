import { describe, expect, it } from "vitest";
import { settingProblems } from "../../hw/rylr998/commands.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import { makeWorld } from "../support/at-station.ts";
import { PARAMS } from "../support/emulated-module.ts";
import { Terminal } from "../support/terminal.ts";

async function terminal() {
    const { clock, air } = makeWorld();
    const made = new Terminal(clock);
    await made.plug(new Rylr998Emulator({ air, clock, model: "rylr896" }), "+READY");
    return made;
}

describe("the emulated RYLR896", () => {
    it.each([
        ["AT+PARAMETER?\r\n", "+PARAMETER=12,7,1,4|"],
        ["AT+CRFOP?\r\n", "+CRFOP=15|"],
        ["AT+PARAMETER=12,0,4,7\r\n", "+OK|"],
        ["AT+PARAMETER=6,7,1,4\r\n", "+ERR=4|"],
        ["AT+PARAMETER=13,7,1,4\r\n", "+ERR=4|"],
        ["AT+NETWORKID=0\r\n", "+OK|"],
        ["AT+NETWORKID=16\r\n", "+OK|"],
        ["AT+NETWORKID=17\r\n", "+ERR=4|"],
        ["AT+CRFOP=16\r\n", "+ERR=4|"],
        ["AT+CPIN=EEDCAA90\r\n", "+ERR=4|"],
        ["AT+CPIN=FABC0002EEDCAA90FABC0002EEDCAA90\r\n", "+OK|"],
        ["AT+VER?\r\n", "+VER=RYLR896_REYAX_V1.2.2|"],
    ])("%j gives %j", async (typed, answer) => {
        expect(await (await terminal()).type(typed)).toBe(answer);
    });
});

describe("settings of a RYLR896", () => {
    const good = { params: { ...PARAMS, spreadingFactor: 12, preambleSymbols: 4 }, address: 1, networkId: 6 };

    it("are other ones than those of a RYLR998", () => {
        expect(settingProblems({ ...good, model: "rylr896" })).toEqual([]);
        expect(settingProblems(good)).toHaveLength(2);
        expect(settingProblems({ ...good, networkId: 18, model: "rylr896" }).join()).toContain("network id");
        const strong = { ...good.params, powerDbm: 16 };
        expect(settingProblems({ ...good, params: strong, model: "rylr896" }).join()).toContain("0 to 15 dBm");
        const narrow = { ...good.params, bandwidthHz: 62_500 };
        expect(settingProblems({ ...good, params: narrow, model: "rylr896" })).toEqual([]);
    });
});
