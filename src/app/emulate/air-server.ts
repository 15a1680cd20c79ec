import { mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import type { Transmission } from "../../../hw/air/air.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import { acceptedPort } from "../../../hw/port/tcp-port.ts";
import { regionNames } from "../../link/region.ts";
import { RADIO_KINDS } from "../config/module-settings.ts";
import { FAULTS, type Fault, HABITS, type Habit } from "../radio-kinds/faults.ts";
import type { AirHost } from "./air-host.ts";
import { listen } from "./device-line.ts";
import { emulatedChoice } from "./emulated-choice.ts";

/** The first line of a connection, in bytes. */
const HELLO_BYTES_MAX = 1_024;
/** A listener that takes nothing misses frames beyond this many bytes. */
const BACKLOG_BYTES_MAX = 256 * 1024;
const LF = 0x0a;

/** What a process says that joins the air of another: listen to all frames, or bring a device of its own. */
const HELLO = v.variant("want", [
    v.object({ want: v.literal("frames") }),
    v.object({
        want: v.literal("device"),
        kind: v.picklist(RADIO_KINDS),
        region: v.picklist(regionNames()),
        fault: v.optional(v.picklist(Object.keys(FAULTS) as Fault[])),
        habit: v.optional(v.picklist(Object.keys(HABITS) as Habit[])),
    }),
]);

export type Hello = v.InferOutput<typeof HELLO>;

/** Where the processes of one user meet. Unix sockets have short paths. */
export function airPath(name: string): string {
    const folder = join(tmpdir(), `hearth-air-${userInfo().uid}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return join(folder, `${name}.sock`);
}

/** Lets others join. A socket that a dead process left behind is taken over. */
export async function serveAir(host: AirHost, path: string): Promise<() => Promise<void>> {
    rmSync(path, { force: true });
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        socket.on("error", () => socket.destroy());
        void receive(host, socket);
    });
    await listen(server, path);
    return async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise<void>((resolve) => server.close(() => resolve()));
        rmSync(path, { force: true });
    };
}

/** Undefined when nobody serves this air. */
export function joinAir(path: string, hello: Hello): Promise<Socket | undefined> {
    return new Promise((resolve) => {
        const socket = connect(path);
        socket.once("error", () => resolve(undefined));
        socket.once("connect", () => {
            socket.removeAllListeners("error");
            socket.on("error", () => socket.destroy());
            socket.write(`${JSON.stringify(hello)}\n`);
            resolve(socket);
        });
    });
}

/** Hands on what comes at either end, until one of them ends. */
export async function bridge(a: BytePort, b: BytePort): Promise<void> {
    const pass = (to: BytePort, back: BytePort) => ({
        onBytes: (chunk: Uint8Array) => void to.write(chunk).catch(() => back.close()),
        onClose: () => void to.close(),
    });
    await a.open(pass(b, a));
    await b.open(pass(a, b));
}

async function receive(host: AirHost, socket: Socket): Promise<void> {
    const line = await firstLine(socket);
    const hello = v.safeParse(HELLO, parsed(line));
    if (!hello.success) {
        socket.destroy();
        return;
    }
    if (hello.output.want === "frames") {
        const stop = host.onFrame((frame) => {
            if (socket.writableLength < BACKLOG_BYTES_MAX) socket.write(`${JSON.stringify(frameFields(frame))}\n`);
        });
        socket.on("close", stop).resume();
        return;
    }
    const { kind, region, fault, habit } = hello.output;
    const device = host.makeDevice({ choice: emulatedChoice(kind, region), fault, habit });
    if (!device) {
        socket.destroy();
        return;
    }
    socket.on("close", () => void device.end());
    await device.plug(acceptedPort(socket));
}

/** A frame on the air, for people and scripts. */
export function frameFields({ bytes, channel, airtimeMs }: Transmission) {
    const { frequencyHz, spreadingFactor, bandwidthHz } = channel;
    return { size: bytes.length, airtimeMs: Math.round(airtimeMs), frequencyHz, spreadingFactor, bandwidthHz };
}

export type FrameFields = ReturnType<typeof frameFields>;

/** What follows the line stays in the socket. */
function firstLine(socket: Socket): Promise<string> {
    return new Promise((resolve) => {
        const bytes: number[] = [];
        const read = (): void => {
            for (let chunk = socket.read(1); chunk !== null; chunk = socket.read(1)) {
                const byte: number = chunk[0];
                if (byte !== LF && bytes.push(byte) < HELLO_BYTES_MAX) continue;
                socket.off("readable", read);
                resolve(String.fromCharCode(...bytes));
                return;
            }
        };
        socket.on("readable", read);
        socket.once("close", () => resolve(""));
    });
}

function parsed(line: string): unknown {
    try {
        return JSON.parse(line);
    } catch {
        return undefined;
    }
}
