import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import type { SerialPort } from "serialport";
import type { BytePort, BytePortFactory, BytePortHandlers } from "./byte-port.ts";

/** An unplug is seen within this time at the latest, in milliseconds, also where the kernel does not report it. */
export const UNPLUG_SEEN_MS_MAX = 500;

export interface SerialPortOptions {
    /** A device such as /dev/serial/by-id/… or the slave side of a pseudo-terminal. */
    readonly path: string;
    readonly baudRate: number;
    /** "stay": DTR is left as it is at the end, which would start many ESP32 boards anew. "drop" unless said. */
    readonly linesAtClose?: "stay" | "drop";
}

/** Ports on one serial device, one use each. The native package is loaded when the first of them is opened. */
export function serialPort(options: SerialPortOptions): BytePortFactory {
    return () => new SerialBytePort(options);
}

class SerialBytePort implements BytePort {
    readonly label: string;
    readonly #options: SerialPortOptions;
    readonly #failWrites = new Set<(cause: Error) => void>();
    #port: SerialPort | undefined;
    #handlers: BytePortHandlers | undefined;
    #state: "new" | "opening" | "open" | "closed" = "new";
    #watch: NodeJS.Timeout | undefined;

    constructor(options: SerialPortOptions) {
        this.label = options.path;
        this.#options = options;
    }

    async open(handlers: BytePortHandlers): Promise<void> {
        if (this.#state !== "new") throw new Error(`${this.label} was used already; make a new port`);
        this.#state = "opening";
        try {
            const device = await this.#connect(handlers);
            this.#state = "open";
            this.#handlers = handlers;
            this.#watchDevice(device);
        } catch (cause) {
            this.#state = "closed";
            throw cause;
        }
    }

    write(bytes: Uint8Array): Promise<void> {
        const port = this.#port;
        if (!port || this.#state !== "open") return Promise.reject(new Error(`${this.label} is not open`));
        return new Promise((resolve, reject) => {
            // After a hang-up the package may keep a write for ever.
            this.#failWrites.add(reject);
            port.write(bytes, (cause) => {
                this.#failWrites.delete(reject);
                if (cause) reject(cause);
                else resolve();
            });
        });
    }

    async close(): Promise<void> {
        const port = this.#port;
        if (this.#state === "open") this.#end(undefined);
        this.#state = "closed";
        if (port) await closeQuietly(port);
    }

    /** Resolves with what identifies the device behind the path. */
    async #connect(handlers: BytePortHandlers): Promise<string> {
        const { path, baudRate, linesAtClose = "drop" } = this.#options;
        await checkAccess(path);
        const { SerialPort } = await import("serialport");
        // Default lock: a second program on the same device would steal every other byte.
        const port = new SerialPort({ path, baudRate, autoOpen: false, hupcl: linesAtClose === "drop" });
        this.#port = port;
        port.on("data", (chunk: Uint8Array) => {
            if (this.#state === "open") handlers.onBytes(Uint8Array.from(chunk));
        });
        port.on("error", (cause: Error) => this.#end(cause));
        port.on("close", () => this.#end(new Error(`${path} was unplugged`)));
        await new Promise<void>((resolve, reject) => {
            port.open((cause) => (cause ? reject(explained(cause, path)) : resolve()));
        });
        const device = await deviceOf(path);
        if (device !== undefined && this.#state === "opening") return device;
        await closeQuietly(port);
        throw new Error(device === undefined ? `${path} was unplugged` : `${path} was closed before it was open`);
    }

    /**
     * The package misses a hang-up that comes while it is not waiting for bytes, and then reads nothing in a busy loop
     * for ever. The path of an unplugged device goes away or leads to another device, and closing ends the loop.
     */
    #watchDevice(opened: string): void {
        this.#watch = setTimeout(async () => {
            const device = await deviceOf(this.#options.path);
            if (this.#state !== "open") return;
            if (device === opened) this.#watchDevice(opened);
            else this.#end(new Error(`${this.label} was unplugged`));
        }, UNPLUG_SEEN_MS_MAX / 2);
    }

    /** An error leaves the port in an unknown state, so it ends this use of it like an unplug. */
    #end(cause: Error | undefined): void {
        if (this.#state !== "open") return;
        this.#state = "closed";
        clearTimeout(this.#watch);
        for (const fail of this.#failWrites) fail(cause ?? new Error(`${this.label} was closed`));
        this.#failWrites.clear();
        if (cause && this.#port) void closeQuietly(this.#port);
        this.#handlers?.onClose(cause);
    }
}

function closeQuietly(port: SerialPort): Promise<void> {
    if (!port.isOpen) return Promise.resolve();
    return new Promise((resolve) => port.close(() => resolve()));
}

/** Changes when a device was replaced, even by one with the same name. */
async function deviceOf(path: string): Promise<string | undefined> {
    try {
        const { dev, ino, rdev } = await stat(path);
        return [dev, ino, rdev].join();
    } catch {
        return undefined;
    }
}

async function checkAccess(path: string): Promise<void> {
    try {
        await access(path, constants.R_OK | constants.W_OK);
    } catch (cause) {
        throw explained(cause instanceof Error ? cause : new Error(String(cause)), path);
    }
}

function explained(cause: Error, path: string): Error {
    const text = cause.message;
    if (/ENOENT|No such file/i.test(text)) return new Error(`${path} is not there: is the device plugged in?`);
    if (/EACCES|permission/i.test(text)) {
        return new Error(`${path} may not be opened: add this user to the group "dialout" and log in again`);
    }
    if (/lock|EBUSY|busy/i.test(text)) return new Error(`${path} is in use by another program: stop that first`);
    if (/ENOTTY|Inappropriate ioctl/i.test(text)) return new Error(`${path} is not a serial port: check the path`);
    return new Error(`${path} cannot be opened: ${text}`);
}
