import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { openPty } from "../../hw/port/pty.ts";
import { serialPort } from "../../hw/port/serial-port.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import { systemClock } from "../../src/app/clock.ts";
import { radioOnPort } from "../../src/app/config/config.ts";
import { loadConfig, radioFallbacks } from "../../src/app/config/load.ts";
import type { GatewayEvent } from "../../src/app/gateway.ts";
import { makeLog } from "../../src/app/log.ts";
import { makeRadio } from "../../src/app/radios.ts";
import { openStation, type Station } from "../../src/app/station.ts";
import { makeMailboxClient } from "../../src/carriers/http/mailbox-client.ts";
import { findRegion } from "../../src/link/region.ts";
import { testMessage } from "../support/envelopes.ts";

/** Whole gateways in real time: real depots, HTTP, serial ports on pseudo-terminals; only module and air are emulated. */
const TIMEOUT_MS = 120_000;

let directory: string;
let air: Air;
const running: Island[] = [];

beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-islands-"));
    air = new Air({ clock: systemClock, seed: 11 });
});

afterEach(async () => {
    await Promise.all(running.splice(0).map((island) => island.station.stop()));
    rmSync(directory, { recursive: true });
});

interface Island {
    readonly station: Station;
    readonly events: GatewayEvent[];
}

async function openIsland(name: string): Promise<Island> {
    const events: GatewayEvent[] = [];
    const emulator = new Rylr998Emulator({ air, clock: systemClock });
    const pty = await openPty();
    await emulator.plug(pty.port);
    const defaults = loadConfig([]);
    if (!defaults.ok) throw new Error("the defaults are no configuration");
    const config = { ...defaults.value, name, dataDir: join(directory, name) };
    const radio = { ...radioOnPort(pty.path, "lora", radioFallbacks()), spreadingFactor: 7 };
    const station = await openStation({
        config: { ...config, http: { ...config.http, listen: { host: "127.0.0.1", port: 0 } } },
        clock: systemClock,
        log: makeLog({ level: "error", json: false, now: Date.now, write: () => undefined }),
        onEvent: (event) => events.push(event),
        makeRadios: (surroundings) => [
            makeRadio({
                radio,
                region: findRegion("EU868"),
                surroundings,
                port: serialPort({ path: pty.path, baudRate: 115_200 }),
            }),
        ],
    });
    const island = { station, events };
    running.push(island);
    return island;
}

async function stop(island: Island): Promise<void> {
    running.splice(running.indexOf(island), 1);
    await island.station.stop();
}

function mailbox({ station }: Island) {
    return makeMailboxClient({ url: station.mailboxUrl, clock: systemClock });
}

async function payloadsAt(island: Island): Promise<readonly string[]> {
    const fetched = await mailbox(island).fetchAll(testMessage(1).routingKey);
    if (!fetched.ok) throw new Error(fetched.error.detail);
    return fetched.value.payloads.map((payload) => Buffer.from(payload).toString("hex"));
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + TIMEOUT_MS;
    while (Date.now() < end && !(await done())) await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await done()).toBe(true);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

it("a message crosses at 30 % loss byte for byte, once, and its tombstone clears the way behind it", {
    timeout: TIMEOUT_MS,
}, async () => {
    const [near, far] = [await openIsland("near"), await openIsland("far")];
    air.setWeather({ loss: 0.3, corruption: 0.05, duplication: 0.1 });
    const message = testMessage(1);
    // Bytes after the envelope belong to it too.
    const payload = Uint8Array.from([...message.payload, 1, 2, 3]);
    expect(await mailbox(near).submit([payload])).toMatchObject({ ok: true, value: [{ status: "ok" }] });
    await until(async () => (await payloadsAt(far)).length > 0);
    expect(await payloadsAt(far)).toEqual([hex(payload)]);
    await until(() => near.events.some((event) => event.kind === "sent" && event.outcome.kind === "peer_stored"));
    expect(await mailbox(far).submit([message.tombstone])).toMatchObject({ ok: true, value: [{ status: "ok" }] });
    await until(async () => (await payloadsAt(near)).length === 0);
    expect(await payloadsAt(far)).toEqual([]);
    const stored = far.events.filter(
        (event) => event.kind === "arrival" && event.carrier === "lora" && event.arrival.kind === "stored",
    );
    expect(stored).toHaveLength(1);
});

it("what was not yet across goes on after a restart, whichever side it was", { timeout: TIMEOUT_MS }, async () => {
    let near = await openIsland("near");
    const message = testMessage(1);
    await mailbox(near).submit([message.payload]);
    await stop(near);
    near = await openIsland("near");
    expect(await payloadsAt(near)).toEqual([hex(message.payload)]);
    let far = await openIsland("far");
    await until(async () => (await payloadsAt(far)).length === 1);
    await until(() => near.events.some((event) => event.kind === "sent" && event.outcome.kind === "peer_stored"));
    await stop(far);
    far = await openIsland("far");
    expect(await payloadsAt(far)).toEqual([hex(message.payload)]);
    await mailbox(far).submit([message.tombstone]);
    await until(async () => (await payloadsAt(near)).length === 0);
});
