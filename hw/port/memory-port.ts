import type { BytePort, BytePortHandlers } from "./byte-port.ts";

/** A cable in memory: what one end writes the other hears, in order, in a later turn of the event loop. */
export function memoryPortPair(label = "memory"): { readonly a: BytePort; readonly b: BytePort } {
    const a = new MemoryPort(`${label} a`);
    const b = new MemoryPort(`${label} b`);
    a.connect(b);
    b.connect(a);
    return { a, b };
}

class MemoryPort implements BytePort {
    readonly label: string;
    #other: MemoryPort | undefined;
    #handlers: BytePortHandlers | undefined;
    #state: "new" | "open" | "closed" = "new";

    constructor(label: string) {
        this.label = label;
    }

    connect(other: MemoryPort): void {
        this.#other = other;
    }

    async open(handlers: BytePortHandlers): Promise<void> {
        if (this.#state !== "new") throw new Error(`${this.label} was used already; make a new port`);
        this.#handlers = handlers;
        this.#state = "open";
    }

    async write(bytes: Uint8Array): Promise<void> {
        if (this.#state !== "open") throw new Error(`${this.label} is not open`);
        const copy = Uint8Array.from(bytes);
        queueMicrotask(() => this.#other?.hear(copy));
    }

    async close(): Promise<void> {
        const other = this.#other;
        this.end(undefined);
        other?.end(new Error("the other end is gone"));
    }

    /** Nobody listens on an end that is not open: the bytes are lost, as on a wire. */
    hear(bytes: Uint8Array): void {
        if (this.#state === "open") this.#handlers?.onBytes(bytes);
    }

    end(cause: Error | undefined): void {
        const wasOpen = this.#state === "open";
        this.#state = "closed";
        if (wasOpen) queueMicrotask(() => this.#handlers?.onClose(cause));
    }
}
