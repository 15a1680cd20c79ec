import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { acceptedPort } from "../../../hw/port/tcp-port.ts";
import { regionNames } from "../../link/region.ts";
import { systemClock } from "../clock.ts";
import { RADIO_KINDS, type RadioKindName } from "../config/module-settings.ts";
import { AirHost, HABIT_MS, type HostedDevice } from "../emulate/air-host.ts";
import { airPath, bridge, type FrameFields, frameFields, joinAir, serveAir } from "../emulate/air-server.ts";
import { type DeviceLine, openPtyLine, openTcpLine, type Plug } from "../emulate/device-line.ts";
import { emulatedChoice, radioTable } from "../emulate/emulated-choice.ts";
import { systemEntropy } from "../entropy.ts";
import { FAULTS, type Fault, HABITS, type Habit } from "../radio-kinds/faults.ts";
import { RADIO_KIND_TABLE } from "../radio-kinds/registry.ts";
import { CommandError, type Terminal } from "./terminal.ts";
import { oneOfWords, percentOf, wholeNumber } from "./words.ts";

const PEERS_MAX = 16;
const RNODE_TCP_PORT = 7633;
const REGION_OF_EMULATION = "EU868";

interface Options {
    readonly peers: string;
    readonly loss: string;
    readonly seed?: string;
    readonly tcp?: string | true;
    readonly link?: string;
    readonly air?: string;
    readonly region?: string;
    readonly misbehave?: string;
    readonly json?: boolean;
}

/** Everything that the options ask for, checked. */
interface Wish {
    readonly kind: RadioKindName;
    readonly peers: number;
    readonly region: string;
    readonly fault: Fault | undefined;
    readonly habit: Habit | undefined;
    readonly link: string | undefined;
    /** Undefined: pseudo-terminals. */
    readonly tcpPort: number | undefined;
}

/** Where devices come from: an air of this process, or one that was joined. */
interface Source {
    plug(): { readonly plug: Plug; end(): Promise<void> };
    readonly gone: Promise<void>;
    close(): Promise<void>;
}

/** Emulated radios for anyone, until the process is told to end. */
export async function emulate(kindText: string, options: Options, terminal: Terminal): Promise<void> {
    const wish = wishOf(kindText, options);
    const onFrame = (frame: FrameFields): void => showFrame(frame, options.json === true, terminal);
    const source = await sourceOf(wish, options, onFrame);
    const devices: Device[] = [];
    try {
        for (let index = 1; index <= wish.peers; index++) devices.push(await openDevice(index, wish, source));
        for (const device of devices) showDevice(device, wish, options.json === true, terminal);
        const cancelMoves =
            wish.habit === "moves" ? moveOften(devices, wish, source, options, terminal) : () => undefined;
        const ended = await Promise.race([
            terminal.untilStopped().then(() => "stopped"),
            source.gone.then(() => "gone"),
        ]);
        cancelMoves();
        if (ended === "gone") throw new CommandError("The process that had the air has ended.");
    } finally {
        await Promise.all(devices.map((device) => device.close()));
        await source.close();
    }
}

function wishOf(kindText: string, options: Options): Wish {
    const kind = oneOfWords(kindText, RADIO_KINDS, "the kind");
    const region = oneOfWords(options.region ?? REGION_OF_EMULATION, regionNames(), "--region");
    const manners = [...Object.keys(FAULTS), ...Object.keys(HABITS)];
    const manner = options.misbehave === undefined ? undefined : oneOfWords(options.misbehave, manners, "--misbehave");
    const peers = wholeNumber(options.peers, 1, PEERS_MAX, "--peers");
    const tcp = options.tcp === true ? RNODE_TCP_PORT : options.tcp;
    const tcpPort = tcp === undefined ? undefined : wholeNumber(String(tcp), 0, 65_535, "--tcp");
    if (tcpPort !== undefined && options.link !== undefined)
        throw new CommandError("--link is for pseudo-terminals, not for --tcp.");
    if (options.air !== undefined && !/^[a-z0-9-]{1,20}$/.test(options.air)) {
        throw new CommandError("--air must be a short name of small letters, digits and dashes.");
    }
    return {
        kind,
        peers,
        region,
        fault: manner !== undefined && manner in FAULTS ? (manner as Fault) : undefined,
        habit: manner !== undefined && manner in HABITS ? (manner as Habit) : undefined,
        link: options.link,
        tcpPort,
    };
}

async function sourceOf(wish: Wish, options: Options, onFrame: (frame: FrameFields) => void): Promise<Source> {
    const path = options.air === undefined ? undefined : airPath(options.air);
    const frames = path === undefined ? undefined : await joinAir(path, { want: "frames" });
    if (path !== undefined && frames) return joinedSource(path, frames, wish, onFrame);
    const loss = percentOf(options.loss, "--loss");
    const seed = options.seed === undefined ? randomSeed() : wholeNumber(options.seed, 0, 2 ** 32 - 1, "--seed");
    const host = new AirHost({ clock: systemClock, seed, weather: { loss } });
    host.onFrame((frame) => onFrame(frameFields(frame)));
    const closeAir = path === undefined ? undefined : await serveAir(host, path);
    return {
        plug: () => {
            const { fault, habit } = wish;
            const device: HostedDevice | undefined = host.makeDevice({
                choice: emulatedChoice(wish.kind, wish.region),
                fault,
                habit,
            });
            if (!device) throw new CommandError("The air holds no more devices.");
            return { plug: (port) => device.plug(port), end: () => device.end() };
        },
        gone: new Promise(() => undefined),
        close: async () => closeAir?.(),
    };
}

function joinedSource(path: string, frames: Socket, wish: Wish, onFrame: (frame: FrameFields) => void): Source {
    createInterface({ input: frames }).on("line", (line) => onFrame(JSON.parse(line)));
    const { kind, region, fault, habit } = wish;
    const hello = { want: "device", kind, region, ...(fault ? { fault } : {}), ...(habit ? { habit } : {}) } as const;
    return {
        plug: () => {
            const sockets: Socket[] = [];
            return {
                plug: async (port) => {
                    const socket = await joinAir(path, hello);
                    if (!socket) throw new CommandError("The process that had the air has ended.");
                    sockets.push(socket);
                    await bridge(acceptedPort(socket), port);
                },
                end: async () => {
                    for (const socket of sockets) socket.destroy();
                },
            };
        },
        gone: new Promise((resolve) => frames.once("close", () => resolve())),
        close: async () => void frames.destroy(),
    };
}

interface Device {
    readonly index: number;
    readonly line: DeviceLine;
    close(): Promise<void>;
}

async function openDevice(index: number, wish: Wish, source: Source): Promise<Device> {
    const made = source.plug();
    const link = wish.link === undefined || wish.peers === 1 ? wish.link : `${wish.link}-${index}`;
    const tcpPort = wish.tcpPort === 0 || wish.tcpPort === undefined ? wish.tcpPort : wish.tcpPort + index - 1;
    const line = tcpPort === undefined ? await openPtyLine(made.plug, link) : await openTcpLine(made.plug, tcpPort);
    return {
        index,
        line,
        close: async () => {
            await line.close();
            await made.end();
        },
    };
}

/** As if each was pulled out and plugged in elsewhere. */
function moveOften(devices: Device[], wish: Wish, source: Source, options: Options, terminal: Terminal): () => void {
    const timer = setInterval(async () => {
        for (const [at, device] of devices.entries()) {
            await device.close();
            const moved = await openDevice(device.index, wish, source);
            devices[at] = moved;
            showDevice(moved, wish, options.json === true, terminal);
        }
    }, HABIT_MS);
    return () => clearInterval(timer);
}

function showDevice({ index, line }: Device, { kind, region }: Wish, isJson: boolean, terminal: Terminal): void {
    const choice = emulatedChoice(kind, region, line.name);
    if (isJson) terminal.out(JSON.stringify({ radio: index, kind, port: line.name }));
    else {
        terminal.out(`emulated ${kind} ${index} (${RADIO_KIND_TABLE[kind].title}): ${line.name}`);
        terminal.out(radioTable(choice).replaceAll(/^/gm, "    "));
    }
}

function showFrame(frame: FrameFields, isJson: boolean, terminal: Terminal): void {
    if (isJson) {
        terminal.out(JSON.stringify({ air: frame }));
        return;
    }
    const { size, airtimeMs, frequencyHz, spreadingFactor, bandwidthHz } = frame;
    const time = new Date(terminal.now()).toISOString().slice(11, 19);
    const where = `${frequencyHz / 1e6} MHz, SF${spreadingFactor}, ${bandwidthHz / 1000} kHz`;
    terminal.out(`${time}  on the air: ${String(size).padStart(3)} bytes, ${airtimeMs} ms  (${where})`);
}

function randomSeed(): number {
    const seed = new Uint32Array(1);
    systemEntropy.fill(new Uint8Array(seed.buffer));
    return seed[0] ?? 1;
}
