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

    it("refuses a deaf modem in Korea", () => {
        const params = channel(922_100_000, { powerDbm: 10 });
        const found = bandFor(region("KR920"), params, PLAIN);
        expect(found.ok ? [] : found.error.join()).toContain("listen before talking");
    });
});
