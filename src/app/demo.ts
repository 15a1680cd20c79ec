import { join } from "node:path";
import { Air } from "../../hw/air/air.ts";
import type { BytePortFactory } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import type { AirEvent } from "../carriers/lora/air-event.ts";
import { estimateText } from "../link/estimate.ts";
import { findRegion } from "../link/region.ts";
import { CommandError } from "./cli/terminal.ts";
import { systemClock } from "./clock.ts";
import { type Config, type RadioConfig, radioOnPort } from "./config/config.ts";
import { radioFallbacks } from "./config/load.ts";
import { systemEntropy } from "./entropy.ts";
import { makeLog } from "./log.ts";
import { makeRadio, radioProblems } from "./radios.ts";
import { openStation, type Station } from "./station.ts";

const REGION_OF_DEMO = "EU868";
/** How often a waiting person looks again, in milliseconds. */
const LOOK_MS = 200;
const READY_MS_MAX = 30_000;

export interface DemoIsland {
    readonly mailboxUrl: string;
    /** Asks until the list is not empty or the time is up. */
    waitFor(ask: () => Promise<readonly string[]>, maxMs: number): Promise<readonly string[]>;
}

export interface Demo {
    readonly near: DemoIsland;
    readonly far: DemoIsland;
    /** What was on the air so far, for people. */
    figures(): string;
    stop(): Promise<void>;
}

export interface DemoOptions {
    readonly config: Config;
    readonly directory: string;
    /** 0 to 1. */
    readonly loss: number;
    readonly say: (text: string) => void;
}

/** Two whole gateways whose modules share one emulated air. Only the modules and the air are not real. */
export async function openDemo(options: DemoOptions): Promise<Demo> {
    const { region = REGION_OF_DEMO } = options.config;
    const problems = radioProblems({ ...options.config, region, radios: [radioOf("near")] });
    if (problems.length > 0) {
        throw new CommandError(`The demonstration's radio is none for ${region}: ${problems.join("; ")}.`);
    }
    const seed = new Uint32Array(1);
    systemEntropy.fill(new Uint8Array(seed.buffer));
    const air = new Air({ clock: systemClock, seed: seed[0] ?? 1, weather: { loss: options.loss } });
    const { host, port } = options.config.http.listen;
    const near = await openIsland("near", { host, port }, air, options);
    try {
        const far = await openIsland("far", { host, port: port === 0 ? 0 : port + 1 }, air, options);
        await waitFor(async () => (near.isUp() && far.isUp() ? ["up"] : []), READY_MS_MAX);
        return {
            near: { mailboxUrl: near.station.mailboxUrl, waitFor },
            far: { mailboxUrl: far.station.mailboxUrl, waitFor },
            figures() {
                const { transmissions, bytes, airtimeMs } = air.statistics;
                return `${transmissions} frames, ${bytes} bytes and ${(airtimeMs / 1000).toFixed(1)} s on the air`;
            },
            async stop() {
                await Promise.all([near.station.stop(), far.station.stop()]);
            },
        };
    } catch (cause) {
        await near.station.stop();
        throw cause;
    }
}

function radioOf(island: string): RadioConfig {
    return radioOnPort(`emulated RYLR998 (${island})`, "lora", radioFallbacks());
}

async function openIsland(
    name: string,
    listen: Config["http"]["listen"],
    air: Air,
    { config, directory, say }: DemoOptions,
): Promise<{ readonly station: Station; isUp(): boolean }> {
    let isUp = false;
    const log = makeLog({
        level: "warn",
        json: false,
        now: Date.now,
        write: (line) => say(`  ${name}: ${line.trim()}`),
    });
    const radio = radioOf(name);
    const region = findRegion(config.region ?? REGION_OF_DEMO);
    const open = (http: Config["http"]): Promise<Station> =>
        openStation({
            config: { ...config, name, dataDir: join(directory, name), http },
            clock: systemClock,
            log,
            onEvent: (event) => {
                if (event.kind === "state" && event.carrier === radio.id) isUp = event.state.kind === "up";
            },
            makeRadios: (surroundings) => [
                makeRadio({
                    radio,
                    region,
                    surroundings,
                    port: emulatedPort(air),
                    onAir: (event) => showFrame(name, event, say),
                }),
            ],
        });
    const http = { ...config.http, listen };
    // The usual port may be taken, e.g. by a real gateway; then any other one serves.
    const station = await open(http).catch((cause: unknown) => {
        if (listen.port === 0 || !isTaken(cause)) throw cause;
        return open({ ...http, listen: { ...listen, port: 0 } });
    });
    return { station, isUp: () => isUp };
}

function isTaken(cause: unknown): boolean {
    return cause instanceof Error && cause.name === "MailboxStartError" && /in use|EADDRINUSE/i.test(cause.message);
}

/** A module that is powered up whenever its driver opens the line. */
function emulatedPort(air: Air): BytePortFactory {
    const module = new Rylr998Emulator({ air, clock: systemClock });
    return () => {
        const { a, b } = memoryPortPair("emulated module");
        return {
            label: a.label,
            async open(handlers) {
                await a.open(handlers);
                await module.plug(b);
            },
            write: (bytes) => a.write(bytes),
            close: () => a.close(),
        };
    };
}

/** Questions, greetings and the like are the link's own. */
const FRAME_NAMES = {
    data: "data",
    ack: "acknowledgment",
    control: "control",
    chunk: "chunk",
    other: "unknown",
} as const;

function showFrame(name: string, event: AirEvent, say: (text: string) => void): void {
    if (event.kind === "estimate") say(`  ${name} reckons: ${estimateText(event.estimate)}`);
    if (event.kind !== "sent" && event.kind !== "heard") return;
    const { kind, frame, size, airtimeMs, rssiDbm, snrDb } = event;
    const what = `${FRAME_NAMES[frame]} frame of ${size} bytes`;
    if (kind === "sent") say(`  ${name.padEnd(4)} → air   ${what}, ${Math.round(airtimeMs)} ms on the air`);
    else say(`  ${name.padEnd(4)} ← air   ${what}, ${rssiDbm} dBm, SNR ${snrDb} dB`);
}

async function waitFor(ask: () => Promise<readonly string[]>, maxMs: number): Promise<readonly string[]> {
    const end = performance.now() + maxMs;
    for (;;) {
        const found = await ask();
        if (found.length > 0 || performance.now() > end) return found;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
}
