import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterEach, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { openPty } from "../../hw/port/pty.ts";
import { RnodeEmulator } from "../../hw/rnode/emulator.ts";
import { systemClock } from "../../src/app/clock.ts";

/** The last version under the MIT licence, and what it talks to serial ports with. */
const PACKAGES = ["rns==0.9.4", "pyserial==3.5"];
/** The first time pip has to fetch them, with all its tries. */
const INSTALL_MS = 240_000;
const TIMEOUT_MS = 40_000;
const SETTINGS = { frequency: 868_100_000, bandwidth: 250_000, txpower: 14, spreadingfactor: 7, codingrate: 5 };
const ROOT = join(import.meta.dirname, "../..");

interface Received {
    readonly at: number;
    readonly hex: string;
    readonly rssi: number;
    readonly snr: number;
}
interface Online {
    readonly online: readonly boolean[];
    readonly firmware: readonly (readonly number[])[];
}

const children: ChildProcess[] = [];
const emulators: RnodeEmulator[] = [];
afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await Promise.all(emulators.splice(0).map((emulator) => emulator.unplug()));
});

/** A Python with the packages, or the reason why there is none. */
async function python(): Promise<{ readonly path: string } | { readonly reason: string }> {
    try {
        const script = join(ROOT, "scripts/lib/python-env.sh");
        const { stdout } = await promisify(execFile)("bash", [script, ...PACKAGES], { timeout: INSTALL_MS });
        return { path: stdout.trim() };
    } catch (cause) {
        const stderr = (cause as { readonly stderr?: string }).stderr ?? "";
        return { reason: stderr.trim().split("\n").at(-1) || String(cause) };
    }
}

async function boardOn(air: Air, seed: number): Promise<{ readonly path: string; readonly emulator: RnodeEmulator }> {
    const emulator = new RnodeEmulator({ air, clock: systemClock, seed });
    const { path, port } = await openPty();
    await emulator.plug(port);
    emulators.push(emulator);
    return { path, emulator };
}

it("the RNode interface of rns takes two emulators for boards, and talks through them both ways", {
    timeout: INSTALL_MS + TIMEOUT_MS,
}, async ({ skip }) => {
    const found = await python();
    if ("reason" in found) {
        const reason = `no Python with ${PACKAGES.join(" and ")}: ${found.reason}`;
        // The usual reporter counts what is skipped and keeps the reason to itself.
        process.stderr.write(`test/hw/rnode-rns.test.ts is skipped: ${reason}\n`);
        skip(reason);
        return;
    }
    const air = new Air({ clock: systemClock, seed: 1 });
    const boards = [await boardOn(air, 1), await boardOn(air, 2)];
    const script = join(ROOT, "test/support/rns-pair.py");
    const args = [script, ...boards.map(({ path }) => path), JSON.stringify(SETTINGS)];
    const child = spawn(found.path, args, { stdio: ["pipe", "pipe", "pipe"] });
    children.push(child);
    const log: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
    const online = Promise.withResolvers<Online>();
    const received: Received[] = [];
    const waiting: (() => void)[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => {
        const said = JSON.parse(line) as Received | Online;
        if ("online" in said) online.resolve(said);
        else received.push(said);
        for (const wake of waiting.splice(0)) wake();
    });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    void ended.then(() => {
        online.reject(new Error(`it ended: ${log.join("\n")}`));
        for (const wake of waiting.splice(0)) wake();
    });

    expect(await online.promise, log.join("\n")).toEqual({
        online: [true, true],
        firmware: [
            [1, 86],
            [1, 86],
        ],
    });
    expect(boards.map(({ emulator }) => emulator.listensOn())).toEqual(
        Array(2).fill({
            frequencyHz: SETTINGS.frequency,
            bandwidthHz: SETTINGS.bandwidth,
            spreadingFactor: SETTINGS.spreadingfactor,
            codingRate: 1,
            network: 0x12,
        }),
    );
    // Bytes that KISS escapes, the edges of a LoRa frame, and the size that the package fills.
    const sizes = [1, 19, 254, 255, 500];
    const packets = sizes.map((size) => Uint8Array.from({ length: size }, (_, index) => 0xbf + ((index * size) % 32)));
    const sent = packets.flatMap((packet, index) =>
        [0, 1].map((from) => ({ from, hex: Buffer.from(packet.with(0, (index << 1) | from)).toString("hex") })),
    );
    for (const [index, order] of sent.entries()) {
        child.stdin.write(`${JSON.stringify(order)}\n`);
        while (received.length <= index && child.exitCode === null)
            await new Promise<void>((resolve) => waiting.push(resolve));
    }
    expect(received.map(({ at, hex }) => ({ from: 1 - at, hex }))).toEqual(sent);
    for (const { rssi, snr } of received) {
        expect(rssi).toBeLessThanOrEqual(-60);
        expect(rssi).toBeGreaterThanOrEqual(-90);
        expect(snr).toBeLessThanOrEqual(10);
    }
    child.stdin.end();
    await ended;
});
