import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HEADER_CHIP_LABELS } from "../../hw/gpio/gpio.ts";
import { boardFiles } from "../../profiles/boards/index.ts";
import { moduleFiles } from "../../profiles/modules/index.ts";
import { presetFiles } from "../../profiles/presets/index.ts";
import { type RadioConfig, radioOnPort } from "../../src/app/config/config.ts";
import { loadConfig, radioFallbacks } from "../../src/app/config/load.ts";
import { RADIO_KINDS, type RadioKindName } from "../../src/app/config/module-settings.ts";
import { fromToml } from "../../src/app/config/sources.ts";
import { moduleObjection, presetObjection } from "../../src/app/profiles/obedience.ts";
import { choiceOf } from "../../src/app/radio-kinds/choice.ts";
import { paperModem } from "../../src/app/radio-kinds/paper-modem.ts";
import { RADIO_KIND_TABLE } from "../../src/app/radio-kinds/registry.ts";
import { radioProblems } from "../../src/app/radios.ts";
import { findRegion, regionNames } from "../../src/link/region.ts";

const LINES = { chip: undefined, m0: 22, m1: 27, aux: 17, power: undefined, isPowerOffHigh: false };

function radioOf(kind: RadioKindName, changes: Partial<RadioConfig> = {}): RadioConfig {
    return { ...radioOnPort("somewhere", "lora", radioFallbacks()), kind, lines: LINES, ...changes };
}

function objections(kind: RadioKindName, changes: Partial<RadioConfig>): readonly string[] {
    return RADIO_KIND_TABLE[kind].settingProblems(choiceOf(radioOf(kind, changes), undefined, 1));
}

/** Every problem of a hearth.toml. */
function problemsOf(text: string): readonly string[] {
    const source = fromToml(text, "hearth.toml");
    if (!source.ok) throw new Error(source.error);
    const config = loadConfig([source.value]);
    return config.ok ? radioProblems(config.value) : config.error;
}

function radiosOf(text: string): readonly RadioConfig[] {
    const source = fromToml(text, "hearth.toml");
    const config = source.ok ? loadConfig([source.value]) : source;
    if (!config.ok) throw new Error(String(config.error));
    return config.value.radios;
}

describe.each([
    ["modules", moduleFiles],
    ["boards", boardFiles],
    ["presets", presetFiles],
] as const)("profiles/%s", (folder, files) => {
    it("are all listed, each under its own name and with a title", () => {
        const names = readdirSync(join(import.meta.dirname, "../../profiles", folder))
            .filter((file) => file.endsWith(".json"))
            .map((file) => file.replace(".json", ""));
        expect(Object.keys(files).sort()).toEqual(names.sort());
        for (const [name, file] of Object.entries(files)) {
            expect(file).toMatchObject({ name });
            expect(file.title.length).toBeGreaterThan(10);
        }
    });
});

describe("module profiles", () => {
    it("there is one for each kind of radio, with its sources", () => {
        expect(Object.keys(moduleFiles).sort()).toEqual([...RADIO_KINDS].sort());
        for (const { sources } of Object.values(moduleFiles)) expect(sources.length).toBeGreaterThan(0);
    });

    it.each(RADIO_KINDS)("%s: the profile says what the driver does", (kind) => {
        const profile = moduleFiles[kind];
        const { traits } = paperModem(choiceOf(radioOf(kind), findRegion("EU868"), 1));
        expect(profile).toMatchObject({
            frameSizeMax: traits.frameSizeMax,
            can: {
                listenBeforeTalk: traits.detectsChannelActivity,
                confirmTransmission: traits.confirmsTransmission,
                reportRssi: traits.reportsRssi,
            },
        });
    });

    it.each(RADIO_KINDS.filter((kind) => !RADIO_KIND_TABLE[kind].paramsForLaw))(
        "%s: the driver takes exactly the spreading factors, bandwidths and powers of the profile",
        (kind) => {
            const { spreading = [], powersDbm = [] } = moduleFiles[kind] ?? {};
            for (const bandwidthHz of [7_800, 31_250, 62_500, 125_000, 250_000, 500_000]) {
                for (let spreadingFactor = 5; spreadingFactor <= 12; spreadingFactor++) {
                    const listed = spreading.some(
                        ({ bandwidthsHz, min, max }) =>
                            bandwidthsHz.includes(bandwidthHz) && spreadingFactor >= min && spreadingFactor <= max,
                    );
                    const taken = objections(kind, { bandwidthHz, spreadingFactor }).length === 0;
                    expect([kind, bandwidthHz, spreadingFactor, taken]).toEqual([
                        kind,
                        bandwidthHz,
                        spreadingFactor,
                        listed,
                    ]);
                }
            }
            for (let powerDbm = 0; powerDbm <= 30; powerDbm++) {
                expect([powerDbm, objections(kind, { powerDbm }).length === 0]).toEqual([
                    powerDbm,
                    powersDbm.includes(powerDbm),
                ]);
            }
        },
    );

    it.each(["e22", "e220"] as const)("%s: takes its powers, of one class or the other", (kind) => {
        for (let powerDbm = 0; powerDbm <= 30; powerDbm++) {
            const taken = (["T22", "T30"] as const).some(
                (powerClass) => objections(kind, { powerDbm, powerClass, frequencyHz: 868_125_000 }).length === 0,
            );
            expect([powerDbm, taken]).toEqual([powerDbm, moduleFiles[kind]?.powersDbm.includes(powerDbm)]);
        }
    });

    it("say which module cannot obey a law, and why", () => {
        const objection = (kind: RadioKindName, name: string): string | undefined => {
            const region = findRegion(name);
            if (!region) throw new Error(`no region ${name}`);
            return moduleObjection(kind, region);
        };
        expect(objection("rylr998", "KR920")).toContain("listen before talking");
        expect(objection("rnode", "KR920")).toBeUndefined();
        expect(objection("e22", "JP920")).toContain("500 kHz");
        for (const kind of RADIO_KINDS) expect(objection(kind, "EU868")).toBeUndefined();
        // Without a word about the power, a weaker law gets a weaker signal.
        expect(objection("rylr998", "EU433")).toBeUndefined();
    });
});

describe("board profiles", () => {
    it("name chips that there are, kinds that there are, and lines of the header", () => {
        for (const { type, gpioChip, uart, module, lines } of Object.values(boardFiles)) {
            if (type === "computer") {
                expect(HEADER_CHIP_LABELS).toContain(gpioChip);
                expect(uart).toMatch(/^\/dev\/tty(?:S|AMA)0$/);
                continue;
            }
            expect(type).toBe("hat");
            expect(RADIO_KINDS).toContain(module);
            for (const line of Object.values(lines ?? {})) {
                expect(line).toBeGreaterThanOrEqual(2);
                expect(line).toBeLessThanOrEqual(27);
                // The UART is there.
                expect([14, 15]).not.toContain(line);
            }
        }
    });

    it("give a radio its kind, its port and its lines; what is said of the radio itself wins", () => {
        const [hat, own] = radiosOf(
            '[[radio]]\nboard = "pi-4/waveshare-sx126x"\n[[radio]]\nid = "b"\nboard = "pi-5"\nport = "/dev/ttyAMA3"\nkind = "rak3172"',
        );
        expect(hat).toMatchObject({
            kind: "e22",
            port: "/dev/ttyS0",
            lines: { m0: 22, m1: 27, aux: undefined, chip: "pinctrl-bcm2711" },
        });
        expect(own).toMatchObject({ kind: "rak3172", port: "/dev/ttyAMA3" });
        expect(problemsOf('[[radio]]\nboard = "pi-9"')[0]).toContain("computers: pi-3, pi-4, pi-5, pi-zero-2w");
        expect(problemsOf('[[radio]]\nboard = "waveshare-sx126x/pi-4"')[0]).toContain("COMPUTER/HAT");
        expect(problemsOf('region = "EU868"\n[[radio]]\nboard = "pi-4/waveshare-sx126x"')).toEqual([]);
    });
});

describe("preset profiles", () => {
    it.each(Object.keys(presetFiles))("%s: is lawful exactly where it names a frequency", (name) => {
        for (const region of regionNames()) {
            const isNamed = presetFiles[name]?.regions[region] !== undefined;
            expect([region, presetObjection(name, region) === undefined]).toEqual([region, isNamed]);
        }
    });

    it("set a radio up, and are refused with the reason", () => {
        const radio = (preset: string, region: string, more = ""): string =>
            `region = "${region}"\n[[radio]]\nport = "p"\npreset = "${preset}"\n${more}`;
        expect(radiosOf(radio("trunk", "EU868"))[0]).toMatchObject({
            frequencyHz: 869_525_000,
            powerDbm: 22,
            spreadingFactor: 9,
        });
        expect(radiosOf(radio("trunk", "EU868", "power_dbm = 20"))[0]).toMatchObject({ powerDbm: 20 });
        expect(problemsOf(radio("valley", "EU868"))).toEqual([]);
        expect(problemsOf(radio("ridge", "US915", 'kind = "rnode"'))[0]).toContain(
            "allows 400 ms for one transmission",
        );
        expect(problemsOf(radio("ridge", "EU868"))[0]).toContain("the spreading factor must be 7 to 9");
        expect(problemsOf(radio("valley", "KR920"))[0]).toContain("listen before talking");
        expect(problemsOf(radio("valley", "EU868", 'kind = "e22"\nm0_gpio = 22\nm1_gpio = 27'))[0]).toContain(
            "air data rates",
        );
        expect(problemsOf(radio("hilltop", "EU868"))[0]).toContain("preset must be one of");
        expect(problemsOf('[[radio]]\nport = "p"\npreset = "valley"')[0]).toContain("needs a region");
    });

    it("a frequency that the module's antenna path is not made for is refused", () => {
        expect(problemsOf('[[radio]]\nport = "p"\nfrequency_hz = 600000000')[0]).toContain("820 to 960 MHz (RYLR998)");
    });
});
