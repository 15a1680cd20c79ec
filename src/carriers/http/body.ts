import type { IncomingMessage } from "node:http";
import type { Budget } from "./budget.ts";

export interface Body {
    readonly kind: "body";
    readonly bytes: Uint8Array;
    /** Gives the room back; call it once, when the bytes are no longer needed. */
    release(): void;
}

export type BodyOutcome =
    | Body
    | { readonly kind: "too_large" }
    /** All bodies together are at their limit. */
    | { readonly kind: "busy" }
    /** The client went away or sent nonsense: there is nobody to answer, or somebody else answered. */
    | { readonly kind: "gone" };

/** A first room for a body that comes in pieces, in bytes; it doubles as they come. */
const ROOM_FIRST = 4_096;

/**
 * Reads a whole body. Memory follows what has really arrived, whatever length was declared, and many tiny pieces cost
 * no more than their bytes.
 */
export function readBody(
    request: IncomingMessage,
    { sizeMax, budget }: { readonly sizeMax: number; readonly budget: Budget },
): Promise<BodyOutcome> {
    const declared = declaredLength(request);
    if (declared > sizeMax) return Promise.resolve({ kind: "too_large" });
    return new Promise((resolve) => {
        const room = new Room(budget, sizeMax);
        const settle = (outcome: BodyOutcome): void => {
            request.off("data", onData).off("end", onEnd).off("close", onClose);
            if (outcome.kind !== "body") room.release();
            resolve(outcome);
        };
        const onData = (chunk: Uint8Array): void => {
            const problem = room.add(chunk, declared);
            if (problem) settle({ kind: problem });
        };
        const onEnd = (): void => settle({ kind: "body", bytes: room.bytes, release: () => room.release() });
        const onClose = (): void => settle({ kind: "gone" });
        request.on("data", onData).on("end", onEnd).on("close", onClose);
    });
}

/** The declared length in bytes; 0 for a body in chunks or none. The parser of node:http refuses what is no number. */
export function declaredLength(request: IncomingMessage): number {
    return Number(request.headers["content-length"] ?? 0);
}

class Room {
    readonly #budget: Budget;
    readonly #sizeMax: number;
    #held: Uint8Array = new Uint8Array(0);
    #size = 0;
    #reserved = 0;

    constructor(budget: Budget, sizeMax: number) {
        this.#budget = budget;
        this.#sizeMax = sizeMax;
    }

    get bytes(): Uint8Array {
        return this.#held.subarray(0, this.#size);
    }

    add(chunk: Uint8Array, declared: number): "too_large" | "busy" | undefined {
        const size = this.#size + chunk.length;
        if (size > this.#sizeMax) return "too_large";
        if (this.#size === 0 && chunk.length === declared) return this.#adopt(chunk);
        if (size > this.#held.length && !this.#grow(size)) return "busy";
        this.#held.set(chunk, this.#size);
        this.#size = size;
        return undefined;
    }

    release(): void {
        this.#budget.release(this.#reserved);
        this.#reserved = 0;
    }

    /** The usual case: the whole body in one piece, which needs no copy. */
    #adopt(chunk: Uint8Array): "busy" | undefined {
        if (!this.#reserve(chunk.length)) return "busy";
        this.#held = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        this.#size = chunk.length;
        return undefined;
    }

    #grow(size: number): boolean {
        const capacity = Math.min(this.#sizeMax, Math.max(ROOM_FIRST, size, this.#held.length * 2));
        if (!this.#reserve(capacity - this.#held.length)) return false;
        const held = new Uint8Array(capacity);
        held.set(this.#held.subarray(0, this.#size));
        this.#held = held;
        return true;
    }

    #reserve(amount: number): boolean {
        if (!this.#budget.reserve(amount)) return false;
        this.#reserved += amount;
        return true;
    }
}
