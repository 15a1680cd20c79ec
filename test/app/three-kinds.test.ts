import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { makeE22Emulator } from "../../hw/ebyte/emulator.ts";
import { FakeGpio } from "../../hw/gpio/fake.ts";
import { openPty } from "../../hw/port/pty.ts";
import { serialPort } from "../../hw/port/serial-port.ts";
import { RnodeEmulator } from "../../hw/rnode/emulator.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import { systemClock } from "../../src/app/clock.ts";
import { loadConfig } from "../../src/app/config/load.ts";
import { fromToml } from "../../src/app/config/sources.ts";
import { makeLog } from "../../src/app/log.ts";
import { makeRadio, type RadioParts, radioProblems } from "../../src/app/radios.ts";
import { openStation, type Station } from "../../src/app/station.ts";
import { makeMailboxClient } from "../../src/carriers/http/mailbox-client.ts";
import { findRegion } from "../../src/link/region.ts";
import { testMessage } from "../support/envelopes.ts";

/** Whole gateways in real time, configured as people do; only modules, wires and air are emulated. */
const TIMEOUT_MS = 120_000;
const [M0, M1, AUX] = [22, 27, 17];

let directory: string;
let air: Air;
const stops: (() => Promise<void>)[] = [];

beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-kinds-"));
    air = new Air({ clock: systemClock, seed: 5, weather: { loss: 0.1 } });
});
afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
    rmSync(directory, { recursive: true });
});

/** How a radio of the configuration reaches its emulated device. */
type Wiring = Pick<RadioParts, "port" | "openLine">;

async function pluggedIn(device: Rylr998Emulator | RnodeEmulator): Promise<Wiring> {
    const pty = await openPty();
    await device.plug(pty.port);
    stops.push(() => device.unplug());
    return { port: (baudRate) => serialPort({ path: pty.path, baudRate })() };
}

async function e22(): Promise<Wiring> {
    const gpio = new FakeGpio(systemClock);
    const pins = { m0: gpio.pin(M0), m1: gpio.pin(M1), aux: gpio.pin(AUX) };
    const device = makeE22Emulator({ air, clock: systemClock, pins });
    const pty = await openPty();
    await device.plug(pty.port);
    stops.push(() => device.unplug());
    const port = (baudRate: number) => {
        const end = serialPort({ path: pty.path, baudRate })();
        const open: typeof end.open = async (handlers) => {
            await end.open(handlers);
            device.hostSpeed(baudRate);
        };
        return { label: end.label, open, write: (bytes: Uint8Array) => end.write(bytes), close: () => end.close() };
    };
    return { port, openLine: gpio.open };
}

const TOML = {
    rylr998: 'id = "rylr"\nkind = "rylr998"\nport = "somewhere"\npreset = "village"\n',
    e22: 'id = "e22"\nboard = "pi-4/wired-e22"\nair_rate = 62500\nbaud_rate = 115200\n',
    rnode: 'id = "rnode"\nkind = "rnode"\nport = "elsewhere"\nfrequency_hz = 867900000\nspreading_factor = 7\n',
};

async function openIsland(
    name: string,
    wirings: Readonly<Partial<Record<keyof typeof TOML, Wiring>>>,
): Promise<Station> {
    const kinds = Object.keys(wirings) as (keyof typeof TOML)[];
    const head = `name = "${name}"\ndata_dir = "${join(directory, name)}"\nregion = "EU868"\n[http]\nlisten = "127.0.0.1:0"\n`;
    const source = fromToml(head + kinds.map((kind) => `[[radio]]\n${TOML[kind]}`).join(""), "hearth.toml");
    const config = source.ok ? loadConfig([source.value]) : source;
    if (!config.ok) throw new Error(String(config.error));
    expect(radioProblems(config.value)).toEqual([]);
    const station = await openStation({
        config: config.value,
        clock: systemClock,
        log: makeLog({ level: "error", json: false, now: Date.now, write: () => undefined }),
        makeRadios: (surroundings) =>
            config.value.radios.map((radio, index) => {
                const wiring = wirings[kinds[index] ?? "rylr998"] ?? {};
                return makeRadio({ radio, region: findRegion("EU868"), surroundings, ...wiring });
            }),
    });
    stops.push(() => station.stop());
    return station;
}

async function payloadsAt(station: Station, routingKey: Uint8Array): Promise<readonly string[]> {
    const fetched = await makeMailboxClient({ url: station.mailboxUrl, clock: systemClock }).fetchAll(routingKey);
    if (!fetched.ok) throw new Error(fetched.error.detail);
    return fetched.value.payloads.map((payload) => Buffer.from(payload).toString("hex"));
}

async function until(done: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + TIMEOUT_MS;
    while (Date.now() < end && !(await done())) await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await done()).toBe(true);
}

it("envelopes pass between three islands by a gateway with three kinds of radio", { timeout: TIMEOUT_MS }, async () => {
    const rylr = () => pluggedIn(new Rylr998Emulator({ air, clock: systemClock }));
    const rnode = (seed: number) => pluggedIn(new RnodeEmulator({ air, clock: systemClock, seed }));
    const valley = await openIsland("valley", { rylr998: await rylr() });
    const ridge = await openIsland("ridge", { e22: await e22() });
    const shore = await openIsland("shore", { rnode: await rnode(1) });
    await openIsland("pass", { rylr998: await rylr(), e22: await e22(), rnode: await rnode(2) });

    const islands = [valley, ridge, shore];
    const messages = islands.map((_, index) => testMessage(index + 1));
    for (const [index, island] of islands.entries()) {
        const mailbox = makeMailboxClient({ url: island.mailboxUrl, clock: systemClock });
        const payload = messages[index]?.payload ?? new Uint8Array(0);
        expect(await mailbox.submit([payload])).toMatchObject({ ok: true, value: [{ status: "ok" }] });
    }
    for (const island of islands) {
        for (const { routingKey, payload } of messages) {
            const hex = Buffer.from(payload).toString("hex");
            await until(async () => (await payloadsAt(island, routingKey)).includes(hex));
        }
    }
    for (const island of islands) {
        const all = await Promise.all(messages.map(({ routingKey }) => payloadsAt(island, routingKey)));
        expect(new Set(all.flat()).size).toBe(messages.length);
    }
});
