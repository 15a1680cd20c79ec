import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LoraParams } from "../../hw/modem.ts";
import { bandFor, findRegion, profileProblems, type RegionProfile, regionNames } from "../../src/link/region.ts";

const FOLDER = join(import.meta.dirname, "../../profiles/regions");
const PLAIN = { antennaGainDbi: 2, listensBeforeTalk: false };

function region(name: string): RegionProfile {
    const found = findRegion(name);
    if (!found) throw new Error(`no region ${name}`);
    return found;
}

function channel(frequencyHz: number, changes: Partial<LoraParams> = {}): LoraParams {
    const usual = { spreadingFactor: 9, bandwidthHz: 125_000, codingRate: 1, preambleSymbols: 12, powerDbm: 14 };
    return { frequencyHz, ...usual, ...changes };
}

describe("the region files", () => {
    it("are all listed, and hold a right profile each", () => {
        const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
        expect(files.map((file) => file.replace(".json", "")).sort()).toEqual([...regionNames()].sort());
        for (const file of files) {
            const profile = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as RegionProfile;
            expect(profileProblems(file.replace(".json", ""), profile)).toEqual([]);
        }
    });

    it.each(regionNames())("%s: the usual frequency can be used at a low power, by a modem that listens", (name) => {
        const { usualFrequencyHz } = region(name);
        const params = channel(usualFrequencyHz, { powerDbm: 2 });
        expect(bandFor(region(name), params, { antennaGainDbi: 0, listensBeforeTalk: true })).toMatchObject({
            ok: true,
        });
    });

    it("show every problem at once", () => {
        const eu = region("EU868");
        const broken = { ...eu, name: "X", sources: [], bands: [...eu.bands, { ...eu.bands[0], dutyCycle: 2 }] };
        const problems = profileProblems("EU868", broken as RegionProfile).join("; ");
        expect(problems).toContain('is called "X"');
        expect(problems).toContain("names no source");
        expect(problems).toContain("duty cycle");
        expect(problems).toContain("overlap");
    });

    it("have no other names, not even those of Object", () => {
        expect(findRegion("toString")).toBeUndefined();
        expect(findRegion("eu868")).toBeUndefined();
    });
});

describe("the place of a channel", () => {
    it("finds the sub-bands of EU868 with their duty cycles", () => {
        const shares = [867_500_000, 868_100_000, 868_950_000, 869_525_000].map((frequencyHz) => {
            const band = bandFor(region("EU868"), channel(frequencyHz), PLAIN);
            return band.ok ? band.value.dutyCycle : band.error;
        });
        expect(shares).toEqual([0.01, 0.01, 0.001, 0.1]);
    });

    it.each([868_040_000, 868_650_000, 869_300_000, 867_990_000, 915_000_000])(
        "refuses %i Hz in Europe",
        (frequencyHz) => {
            const found = bandFor(region("EU868"), channel(frequencyHz), PLAIN);
            expect(found.ok ? [] : found.error.join()).toContain("the whole channel must lie in one of");
        },
    );

    it("counts the antenna against the power", () => {
        const at = (powerDbm: number, antennaGainDbi: number) =>
            bandFor(region("EU868"), channel(868_100_000, { powerDbm }), { ...PLAIN, antennaGainDbi }).ok;
        expect([at(14, 2), at(14, 3), at(10, 6), at(22, 2)]).toEqual([true, false, true, false]);
        const refused = bandFor(region("EU868"), channel(868_100_000, { powerDbm: 22 }), PLAIN);
        expect(refused.ok ? [] : refused.error).toEqual([
            "EU868, band 868.0-868.6: 22 dBm with an antenna of 2 dBi is above 14 dBm ERP; set the power to 14 dBm or less",
        ]);
    });

    it("keeps the dwell time of narrow channels in the USA only", () => {
        const dwell = (bandwidthHz: number) => {
            const band = bandFor(region("US915"), channel(915_000_000, { bandwidthHz }), PLAIN);
            return band.ok ? band.value.airtimeMaxMs : band.error;
        };
        expect([dwell(125_000), dwell(500_000)]).toEqual([400, undefined]);
    });

    it("gives a narrow channel in the USA 400 ms in each 20 s, or 10 s from 250 kHz at a quarter of a watt", () => {
        const bandOf = (bandwidthHz: number, powerDbm: number) => {
            const band = bandFor(region("US915"), channel(915_000_000, { bandwidthHz, powerDbm }), PLAIN);
            return band.ok ? band.value.airtimePerPeriod : "refused";
        };
        expect(bandOf(125_000, 28)).toEqual({ airtimeMaxMs: 400, periodMs: 20_000 });
        expect(bandOf(250_000, 22)).toEqual({ airtimeMaxMs: 400, periodMs: 10_000 });
        expect(bandOf(250_000, 23)).toBe("refused");
        expect(bandOf(500_000, 28)).toBeUndefined();
    });

    it.each([
        ["KR920", 922_100_000, { minMs: 6, thresholdDbm: -65 }],
        ["JP920", 921_000_000, { minMs: 5, thresholdDbm: -80 }],
    ] as const)("%s says how to listen, and refuses a deaf modem", (name, frequencyHz, carrierSense) => {
        const params = channel(frequencyHz, { powerDbm: 8 });
        expect(bandFor(region(name), params, { ...PLAIN, listensBeforeTalk: true })).toMatchObject({
            ok: true,
            value: { carrierSense, dutyCycle: 1 },
        });
        const deaf = bandFor(region(name), params, PLAIN);
        expect(deaf.ok ? [] : deaf.error.join()).toContain(`${carrierSense.minMs} ms below`);
    });

    it.each([
        ["EU433", 433_775_000, { powerMaxDbm: 10, powerKind: "ERP", dutyCycle: 0.1 }],
        ["EU868", 869_850_000, { powerMaxDbm: 14, powerKind: "ERP", dutyCycle: 0.01 }],
        ["EU868", 864_000_000, { powerMaxDbm: 14, powerKind: "ERP", dutyCycle: 0.001 }],
        ["AU915", 917_000_000, { powerMaxDbm: 30, powerKind: "EIRP", dutyCycle: 1, airtimeMaxMs: 400 }],
        ["AS923", 923_200_000, { powerMaxDbm: 16, powerKind: "EIRP", dutyCycle: 0.01, airtimeMaxMs: 400 }],
        ["IN865", 865_062_500, { powerMaxDbm: 30, powerKind: "EIRP", dutyCycle: 1 }],
        ["CN470", 471_000_000, { powerMaxDbm: 19.15, powerKind: "EIRP", dutyCycle: 1, airtimeMaxMs: 5_000 }],
        ["RU864", 868_900_000, { powerMaxDbm: 16, powerKind: "EIRP", dutyCycle: 0.01 }],
        ["JP920", 921_000_000, { powerMaxDbm: 13, powerKind: "EIRP", airtimeMaxMs: 4_000, pauseMs: 50 }],
    ] as const)("%s at %i Hz is the law as collected", (name, frequencyHz, facts) => {
        const station = { antennaGainDbi: 0, listensBeforeTalk: true };
        const band = bandFor(region(name), channel(frequencyHz, { powerDbm: 5 }), station);
        expect(band).toMatchObject({ ok: true, value: facts });
    });
});
