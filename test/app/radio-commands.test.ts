import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPty } from "../../hw/port/pty.ts";
import { runProgram } from "../../src/app/cli/program.ts";
import { listRadios } from "../../src/app/cli/radio-list.ts";
import { systemClock } from "../../src/app/clock.ts";
import type { RadioKindName } from "../../src/app/config/module-settings.ts";
import { AirHost } from "../../src/app/emulate/air-host.ts";
import { emulatedChoice } from "../../src/app/emulate/emulated-choice.ts";
import type { Fault } from "../../src/app/radio-kinds/faults.ts";
import type { SerialDevice } from "../../src/app/serial/devices.ts";
import { testTerminal } from "../support/test-terminal.ts";

/** Real pseudo-terminals in real time. */
const REAL_MS = 30_000;

let folder: string;
let air: AirHost;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hearth-radio-"));
    air = new AirHost({ clock: systemClock, seed: 3, weather: {} });
});
afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    rmSync(folder, { recursive: true });
});

/** The path of an emulated module. */
async function plugged(kind: RadioKindName, fault?: Fault): Promise<string> {
    const device = air.makeDevice({ choice: emulatedChoice(kind, "EU868"), fault, habit: undefined });
    if (!device) throw new Error("the air is full");
    const pty = await openPty();
    await device.plug(pty.port);
    stops.push(async () => {
        await pty.port.close();
        await device.end();
    });
    // Started before anybody opens it.
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    return pty.path;
}

async function run(args: readonly string[], answers: string[] = []) {
    const { terminal, out, err } = testTerminal({}, answers);
    const code = await runProgram(args, terminal);
    return { code, out: out.join("\n"), err: err.join("\n") };
}

function usbDevice(path: string, ids: string, serialNumber: string): SerialDevice {
    const [vendorId = "", productId = ""] = ids.split(":");
    const usb = { vendorId, productId, serialNumber, interfaceNumber: "00", manufacturer: "Maker", product: "Thing" };
    return { path, byId: [`/dev/serial/by-id/usb-${serialNumber}`], usb };
}

describe("hearth radio list", () => {
    const devices = [usbDevice("/dev/ttyUSB7", "10c4:ea60", "A1"), usbDevice("/dev/ttyACM7", "1546:01a7", "G1")];

    it("tells bridge chips from other things, opens nothing, and says what to write", async () => {
        const { terminal, out } = testTerminal({ HEARTH_RADIO_1_PORT: "serial:A1" });
        await listRadios({}, terminal, () => devices);
        const text = out.join("\n");
        expect(text).toContain("/dev/ttyUSB7  (configured)\n    USB 10c4:ea60  Maker, Thing\n    bridge chip CP210x");
        expect(text).toContain('serial number A1; port = "/dev/serial/by-id/usb-A1"');
        expect(text).toContain("u-blox GPS receiver, no radio");
        expect(text).toContain("Nothing was asked.");
    });

    it(
        "asks only what is named or sold as a radio",
        async () => {
            const path = await plugged("rylr998");
            const stranger = await plugged("rylr998");
            const { terminal, out } = testTerminal({ HEARTH_RADIO_1_PORT: path });
            const here = [usbDevice(path, "10c4:ea60", "A1"), usbDevice(stranger, "10c4:ea60", "B2")];
            await listRadios({ probe: true, json: true }, terminal, () => here);
            expect(JSON.parse(out.join("\n"))).toMatchObject([
                {
                    isConfigured: true,
                    findings: [{ answer: { kind: "rylr998", text: "version RYLR998_REYAX_V1.2.2" } }],
                },
                { isConfigured: false },
            ]);
            expect(JSON.parse(out.join("\n"))[1]).not.toHaveProperty("findings");
        },
        REAL_MS,
    );
});

describe("hearth radio probe", () => {
    it.each(["rylr998", "rylr896", "rak3172", "lora-e5", "rnode", "meshcore-kiss"] as const)(
        "knows a %s",
        async (kind) => {
            const path = await plugged(kind);
            const { code, out, err } = await run(["radio", "probe", path, "--kind", kind]);
            expect([code, err.includes("hearth:")]).toEqual([0, false]);
            expect(out).toContain(`${path} is a ${kind}`);
        },
        REAL_MS,
    );

    it(
        "asks through all the kinds until one answers",
        async () => {
            const path = await plugged("meshcore-kiss");
            const { out } = await run(["radio", "probe", path, "--json"]);
            const { findings } = JSON.parse(out);
            expect(findings.at(-1)).toMatchObject({ answer: { kind: "meshcore-kiss" } });
            expect(findings.length).toBeGreaterThan(2);
        },
        REAL_MS,
    );

    it(
        "says what came when nothing answers, and never asks an EBYTE module",
        async () => {
            const path = await plugged("rylr998", "silence");
            const silent = await run(["radio", "probe", path, "--kind", "rylr998"]);
            expect(silent).toMatchObject({ code: 1, err: expect.stringContaining("It said nothing at all") });
            expect((await run(["radio", "probe", path, "--kind", "e22"])).err).toContain("sends whatever it hears");
            expect((await run(["radio", "probe", "/dev/nowhere", "--kind", "rnode"])).err).toContain("is not there");
        },
        REAL_MS,
    );
});

describe("hearth radio test", () => {
    it("transmits nothing without a region, and nothing between strangers", async () => {
        const none = await run(["radio", "test", "rnode=/dev/a", "rnode=/dev/b"]);
        expect(none).toMatchObject({ code: 1, err: expect.stringContaining("add --region") });
        const pair = await run(["radio", "test", "rnode=/dev/a", "rylr998=/dev/b", "--region", "EU868"]);
        expect(pair.err).toContain("do not understand each other");
        const unlawful = await run(["radio", "test", "rylr998=/dev/a", "rylr998=/dev/b", "--region", "KR920"]);
        expect(unlawful.err).toContain("listen before talking");
        expect((await run(["radio", "test", "/dev/a", "/dev/b", "--region", "EU868"])).err).toContain(
            "What kind of radio",
        );
        expect(air.statistics.transmissions).toBe(0);
    });

    it(
        "measures at each rate that both have",
        async () => {
            const [a, b] = [await plugged("rylr998"), await plugged("rylr998")];
            const args = [
                "radio",
                "test",
                `rylr998=${a}`,
                `rylr998=${b}`,
                "--region",
                "EU868",
                "--frames",
                "1",
                "--json",
            ];
            const { code, out, err } = await run(args);
            expect(code, err).toBe(0);
            const rates = out.split("\n").map((line) => JSON.parse(line));
            expect(rates.map(({ rate }) => rate)).toEqual(["SF7/125", "SF8/125", "SF9/125"]);
            for (const { there, back, roundTripMs, frameAirtimeMs, airtimeMs } of rates) {
                expect(there).toMatchObject({
                    sent: 1,
                    heard: 1,
                    rssiDbm: expect.any(Number),
                    snrDb: expect.any(Number),
                });
                expect(back).toMatchObject({ sent: 1, heard: 1 });
                expect(roundTripMs).toBeGreaterThanOrEqual(2 * frameAirtimeMs);
                expect(airtimeMs).toBeGreaterThanOrEqual(2 * frameAirtimeMs);
            }
            expect(air.statistics.transmissions).toBe(6);
        },
        REAL_MS,
    );
});

describe("hearth radio setup", () => {
    const BEFORE = 'name = "hill" # mine\n[http]\nlisten = "127.0.0.1:0"';
    const file = (): string => join(folder, "hearth.toml");
    const setup = (args: readonly string[], answers?: string[]) =>
        run(["radio", "setup", "--config", file(), ...args], answers);

    it("writes only after yes, keeps what stood there, and what it wrote is good", async () => {
        writeFileSync(file(), BEFORE, { mode: 0o640 });
        const args = ["--port", "/dev/ttyUSB0", "--kind", "rak3172", "--region", "EU868", "--preset", "valley"];
        const shown = await setup(args, ["no"]);
        expect(shown).toMatchObject({ code: 1, out: expect.stringContaining('    kind = "rak3172"') });
        expect(readFileSync(file(), "utf8")).toBe(BEFORE);
        expect(await setup([...args, "--yes"])).toMatchObject({ code: 0 });
        const text = readFileSync(file(), "utf8");
        expect(text).toContain(BEFORE);
        expect(statSync(file()).mode & 0o777).toBe(0o640);
        expect(await run(["config", "check", "--config", file()])).toMatchObject({ code: 0 });
        // A second one finds the region there already.
        const more = ["--port", "serial:B2", "--kind", "rnode", "--preset", "trunk", "--yes"];
        expect(await setup(more)).toMatchObject({ code: 0 });
        const { out } = await run(["config", "show", "--config", file()]);
        expect(JSON.parse(out)).toMatchObject({
            region: "EU868",
            radios: [
                { id: "lora", kind: "rak3172", frequencyHz: 868_100_000 },
                { id: "lora2", kind: "rnode", port: "serial:B2", frequencyHz: 869_525_000 },
            ],
        });
    });

    it("asks for what no flag said", async () => {
        const answers = ["EU868", "/dev/ttyACM0", "no", "rnode", "valley", "yes"];
        const { code, err } = await setup([], answers);
        expect([code, answers]).toEqual([0, []]);
        expect(err).toContain("May /dev/ttyACM0 be asked what it is?");
        expect(readFileSync(file(), "utf8")).toBe(
            'region = "EU868"\n\n[[radio]]\nkind = "rnode"\nport = "/dev/ttyACM0"\npreset = "valley"\n',
        );
        expect(statSync(file()).mode & 0o777).toBe(0o600);
    });

    it("takes a board in place of port and kind", async () => {
        const { code } = await setup(["--board", "pi-zero-2w/waveshare-sx126x", "--region", "EU868", "--yes"]);
        expect(code).toBe(0);
        const { out } = await run(["config", "show", "--config", file()]);
        expect(JSON.parse(out).radios).toMatchObject([{ kind: "e22", port: "/dev/ttyS0", lines: { m0: 22, m1: 27 } }]);
    });

    it("refuses what would not work, and writes nothing", async () => {
        const args = ["--port", "p", "--kind", "rylr998", "--region", "EU868", "--preset", "ridge", "--yes"];
        const { code, err } = await setup(args);
        expect([code, existsSync(file())]).toEqual([1, false]);
        expect(err).toContain("the spreading factor must be 7 to 9");
        expect((await setup(["--kind", "rnode", "--region", "EU868"])).err).toContain("Name the device");
        writeFileSync(file(), "a = = 1");
        expect((await setup(args)).err).toContain("no valid TOML");
    });
});

describe("hearth profiles", () => {
    it("lists all, one shelf, and explains one", async () => {
        expect((await run(["profiles"])).out).toContain("waveshare-sx126x");
        expect(Object.keys(JSON.parse((await run(["profiles", "--json"])).out))).toEqual([
            "regions",
            "modules",
            "boards",
            "presets",
        ]);
        expect((await run(["profiles", "modules", "rylr998"])).out).toMatch(/KR920 +no: .*listen before talking/);
        expect((await run(["profiles", "presets", "ridge"])).out).toMatch(/US915 +no: .*400 ms/);
        expect(JSON.parse((await run(["profiles", "boards", "pi-5", "--json"])).out)).toMatchObject({
            gpioChip: "pinctrl-rp1",
        });
        expect((await run(["profiles", "modules", "rylr997"])).err).toContain("the name must be one of");
    });
});
