import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

export interface RawAnswer {
    readonly status: number;
    readonly headers: ReadonlyMap<string, string>;
    readonly body: string;
}

/** A TCP connection that a test speaks HTTP on by hand, well or badly. */
export class RawConnection {
    readonly #socket: Socket;
    #held = Buffer.alloc(0);
    #wake: (() => void) | undefined;
    #isClosed = false;
    /** Resolves when the connection is gone, whichever side ended it. */
    readonly closed: Promise<void>;

    private constructor(socket: Socket) {
        this.#socket = socket;
        socket.on("data", (part) => {
            this.#held = Buffer.concat([this.#held, part]);
            this.#wake?.();
        });
        socket.on("error", () => undefined);
        this.closed = new Promise((resolve) => {
            socket.on("close", () => {
                this.#isClosed = true;
                this.#wake?.();
                resolve();
            });
        });
    }

    static open(port: number): Promise<RawConnection> {
        return new Promise((resolve, reject) => {
            const socket = connect(port, "127.0.0.1");
            socket.once("error", reject);
            socket.once("connect", () => resolve(new RawConnection(socket)));
        });
    }

    send(...parts: readonly (string | Uint8Array)[]): void {
        this.#socket.write(Buffer.concat(parts.map((part) => Buffer.from(part as string))));
    }

    /** The next whole answer; undefined where the connection ends first. */
    async answer(options: { readonly isHead?: boolean } = {}): Promise<RawAnswer | undefined> {
        for (;;) {
            const parsed = parseAnswer(this.#held, options.isHead === true);
            if (parsed) {
                this.#held = this.#held.subarray(parsed.size);
                if (parsed.answer.status !== 100) return parsed.answer;
                continue;
            }
            if (this.#isClosed) return undefined;
            await new Promise<void>((resolve) => {
                this.#wake = resolve;
            });
        }
    }

    /** Stops taking what the server sends. */
    pause(): void {
        this.#socket.pause();
    }

    close(): void {
        this.#socket.destroy();
    }
}

function parseAnswer(bytes: Buffer, isHead: boolean): { answer: RawAnswer; size: number } | undefined {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
    const headers = new Map(
        lines.map((line) => {
            const colon = line.indexOf(":");
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }),
    );
    const length = isHead ? 0 : Number(headers.get("content-length") ?? 0);
    const size = end + 4 + length;
    if (bytes.length < size) return undefined;
    const status = Number(first.split(" ")[1]);
    return { answer: { status, headers, body: bytes.toString("utf8", end + 4, size) }, size };
}

export interface RequestLines {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
}

/** The bytes of one good request. */
export function requestBytes({ method = "GET", path, headers = {}, body }: RequestLines): Uint8Array {
    const lines = [`${method} ${path} HTTP/1.1`, "host: test"];
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    if (body) lines.push(`content-length: ${body.length}`);
    return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? new Uint8Array()]);
}
