import { write as writeToDescriptor } from "node:fs";
import type { ReadStream } from "node:tty";
import type { BytePort, BytePortHandlers } from "./byte-port.ts";

/** Bytes that wait for a reader of the path; what comes beyond is lost, as on a serial line that nobody reads. */
export const PTY_BACKLOG_BYTES_MAX = 64 * 1024;

/** The kernel's buffer is asked again after this time, in milliseconds, when it was full. */
const RETRY_MS = 5;

/** The part of the package's terminal that is used; its own types leave `open` out. */
interface OpenTerminal {
    readonly fd: number;
    readonly ptsName: string;
    readonly master: ReadStream;
    readonly slave: ReadStream;
}

/** Keeps the slave side open. */
interface Holder {
    close(): Promise<void>;
}

export interface Pty {
    /** What others open, e.g. with `serialPort`. */
    readonly path: string;
    /** This side, for an emulated device. Closing it is an unplug for whoever has `path` open. */
    readonly port: BytePort;
}

/** A pseudo-terminal in raw mode: bytes pass as they are, both ways. Loads its native packages when called. */
export async function openPty(): Promise<Pty> {
    const nodePty = (await import("@lydell/node-pty")) as unknown as {
        open(options: { encoding: null }): OpenTerminal;
    };
    const terminal = nodePty.open({ encoding: null });
    // The package throws whatever happens to the master later; this file has its own way with errors.
    terminal.master.removeAllListeners("error");
    terminal.master.pause();
    const holder = await holdSlave(terminal.ptsName);
    // The package's own slave stream would read away what is meant for others.
    terminal.slave.destroy();
    return { path: terminal.ptsName, port: new PtyMaster(terminal, holder) };
}

/**
 * While somebody holds the slave, the master does not end when another one leaves, and the raw mode stays. It is held
 * by the serial package because that switches off every translation; Node's own raw mode keeps LF to CR LF.
 */
async function holdSlave(path: string): Promise<Holder> {
    const { SerialPort } = await import("serialport");
    const binding = await SerialPort.binding.open({ path, baudRate: 115_200, lock: false });
    return { close: () => binding.close() };
}

class PtyMaster implements BytePort {
    readonly label: string;
    readonly #terminal: OpenTerminal;
    readonly #holder: Holder;
    #handlers: BytePortHandlers | undefined;
    #closed = false;
    #backlogBytes = 0;
    /** Ends when everything handed in before is written. */
    #tail: Promise<void> = Promise.resolve();

    constructor(terminal: OpenTerminal, holder: Holder) {
        this.label = `pty ${terminal.ptsName}`;
        this.#terminal = terminal;
        this.#holder = holder;
        terminal.master.on("error", (cause) => void this.#end(cause));
        terminal.master.on("close", () => void this.#end(new Error(`${this.label} ended`)));
    }

    async open(handlers: BytePortHandlers): Promise<void> {
        if (this.#closed || this.#handlers) throw new Error(`${this.label} was used already; open a new one`);
        this.#handlers = handlers;
        this.#terminal.master.on("data", (chunk: Uint8Array) => {
            if (!this.#closed) handlers.onBytes(chunk);
        });
        this.#terminal.master.resume();
    }

    write(bytes: Uint8Array): Promise<void> {
        if (this.#closed) return Promise.reject(new Error(`${this.label} is closed`));
        if (this.#backlogBytes + bytes.length > PTY_BACKLOG_BYTES_MAX) return Promise.resolve();
        this.#backlogBytes += bytes.length;
        const copy = Uint8Array.from(bytes);
        const written = this.#tail.then(() => this.#writeAll(copy));
        this.#tail = written.catch(() => {
            // The one who wrote these bytes is told; later writes stand for themselves.
        });
        return written;
    }

    close(): Promise<void> {
        return this.#end(undefined);
    }

    async #writeAll(bytes: Uint8Array): Promise<void> {
        let rest = bytes;
        while (rest.length > 0) {
            if (this.#closed) throw new Error(`${this.label} is closed`);
            const count = await writeSome(this.#terminal.fd, rest);
            this.#backlogBytes -= count;
            rest = rest.subarray(count);
            if (count === 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
    }

    async #end(cause: Error | undefined): Promise<void> {
        if (this.#closed) return;
        this.#closed = true;
        // A write that is under way must not find its descriptor number given to somebody else.
        await this.#tail;
        await this.#holder.close().catch(() => {
            // Hung up already.
        });
        this.#terminal.master.destroy();
        this.#handlers?.onClose(cause);
    }
}

/**
 * Past the stream of the master on purpose: for a terminal that stream writes in a busy loop until a reader comes, and
 * the reader may be this very thread. Resolves with 0 when the kernel's buffer is full.
 */
function writeSome(descriptor: number, bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
        writeToDescriptor(descriptor, bytes, (cause, count) => {
            if (!cause) resolve(count);
            else if (cause.code === "EAGAIN") resolve(0);
            else reject(cause);
        });
    });
}
