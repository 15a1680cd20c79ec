import type { Millis } from "../../base/time.ts";
import type { LinkFrame } from "../frame/frame.ts";
import { LEFT_MAX } from "../frame/limits.ts";
import type { Neighbours } from "./neighbours.ts";
import { type LinkTiming, SETTLE_MS, TURNAROUND_MS } from "./options.ts";

/** However busy the channel sounds, a frame of ours waits no longer than this for silence, in milliseconds. */
const HOLD_MS_MAX = 30_000;

/** Others' frames make the channel theirs: this knows until when, as far as their frames tell. */
export class Channel {
    readonly #timing: LinkTiming;
    readonly #neighbours: Neighbours;
    readonly #random: () => number;
    /** When the turn of each alias ends. */
    readonly #turns = new Map<number, Millis>();
    #holdData: Millis = Number.NEGATIVE_INFINITY;

    constructor({
        timing,
        neighbours,
        random,
    }: { readonly timing: LinkTiming; readonly neighbours: Neighbours; readonly random: () => number }) {
        this.#timing = timing;
        this.#neighbours = neighbours;
        this.#random = random;
    }

    heard(frame: LinkFrame, now: Millis): void {
        if (frame.kind === "hello") return;
        if (frame.kind === "ack") {
            const others = Math.max(0, this.#neighbours.active().length - 1);
            this.#keepSilent(now + (frame.following + others) * this.#timing.slotMs, 0);
            return;
        }
        const endsAt = now + this.#leftOf(frame, now) * this.#timing.frameMs;
        this.#turns.set(frame.alias, endsAt);
        this.#keepSilent(endsAt, this.#answerWindow);
    }

    turnEndsAt(alias: number, now: Millis): Millis {
        return this.#turns.get(alias) ?? now;
    }

    afterDataHold(readyAt: Millis | undefined): Millis | undefined {
        return readyAt === undefined ? undefined : Math.max(readyAt, Math.min(this.#holdData, readyAt + HOLD_MS_MAX));
    }

    afterAnswersHold(readyAt: Millis | undefined): Millis | undefined {
        if (readyAt === undefined) return undefined;
        const hold = Math.max(readyAt, ...this.#turns.values());
        return Math.min(hold, readyAt + HOLD_MS_MAX);
    }

    /** Frames that the sender of this one still has in its turn. */
    #leftOf(frame: LinkFrame, now: Millis): number {
        switch (frame.kind) {
            case "source":
                return frame.left < LEFT_MAX ? frame.left : Math.max(LEFT_MAX + 1, frame.count - frame.index);
            case "repair":
                return frame.left < LEFT_MAX ? frame.left : LEFT_MAX + 1;
            case "single":
                // In the middle of a turn that is known it changes nothing.
                return Math.max(0, ((this.#turns.get(frame.alias) ?? now) - now) / this.#timing.frameMs);
            default:
                return 0;
        }
    }

    get #answerWindow(): Millis {
        const others = Math.max(1, this.#neighbours.active().length);
        return TURNAROUND_MS + others * this.#timing.slotMs + SETTLE_MS;
    }

    /** Leaves the channel alone until `at` and some time for answers, and then for a moment of chance. */
    #keepSilent(at: Millis, answersMs: Millis): void {
        const jitter = this.#random() * 2 * this.#timing.slotMs;
        // An answer ends the wait for answers early: the asker goes on at once.
        this.#holdData = at + answersMs + jitter;
    }
}
