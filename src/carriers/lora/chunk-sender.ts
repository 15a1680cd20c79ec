import { blake3 } from "@noble/hashes/blake3.js";
import type { Clock } from "../../base/time.ts";
import { encodeChunks } from "../../link/chunks.ts";
import type { Parcel, SendOutcome } from "../carrier.ts";

/** Each message is handed over so often at most; nobody ever says that it arrived. */
export const CHUNK_SENDS_MAX = 3;

/** From one time to the next, in milliseconds. */
export const CHUNK_PAUSE_MS = 3_600_000;

/** After a chunk that could not be sent, in milliseconds; acks of the link come in between. */
const UNSENT_PAUSE_MS = 1_000;

const CALLED_BACK: SendOutcome = { kind: "failed", detail: "called back" };

export interface ChunkSenderParts {
    readonly clock: Clock;
    readonly frameSizeMax: number;
    /** Brings one chunk on the air; false when that was not possible now. */
    readonly transmit: (frame: Uint8Array) => Promise<boolean>;
    /** Ends a wait of `transmit` early. */
    readonly giveUp: () => void;
}

/** Sends messages as Ember's planned chunks (SPEC 23.3), one message after the other, to whoever listens. */
export class ChunkSender {
    readonly #parts: ChunkSenderParts;
    #last: Promise<unknown> = Promise.resolve();

    constructor(parts: ChunkSenderParts) {
        this.#parts = parts;
    }

    /** Never rejects. What is called back is answered at once, and sent no further. */
    send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        const sent = this.#last.then(() => this.#send(parcel, signal));
        this.#last = sent;
        const calledBack = new Promise<SendOutcome>((resolve) => {
            const onAbort = (): void => {
                this.#parts.giveUp();
                resolve(CALLED_BACK);
            };
            signal.addEventListener("abort", onAbort, { once: true });
            void sent.then(() => signal.removeEventListener("abort", onAbort));
        });
        return Promise.race([sent, calledBack]);
    }

    async #send({ payload, attempts }: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        const chunks = encodeChunks(payload, this.#parts.frameSizeMax, blake3);
        if (!chunks.ok) return { kind: "rejected", detail: `Ember's chunks cannot carry it: ${chunks.error}` };
        for (const chunk of chunks.value) {
            while (!signal.aborted && !(await this.#parts.transmit(chunk))) await this.#pause(signal);
            if (signal.aborted) return CALLED_BACK;
        }
        if (attempts + 1 >= CHUNK_SENDS_MAX) return { kind: "handed_over" };
        return { kind: "handed_over", notBefore: this.#parts.clock.now().monotonic + CHUNK_PAUSE_MS };
    }

    #pause(signal: AbortSignal): Promise<void> {
        const { clock } = this.#parts;
        return new Promise((resolve) => {
            const end = (): void => {
                cancel();
                signal.removeEventListener("abort", end);
                resolve();
            };
            const cancel = clock.schedule(clock.now().monotonic + UNSENT_PAUSE_MS, end);
            signal.addEventListener("abort", end);
        });
    }
}
