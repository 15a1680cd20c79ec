import type { Millis } from "../../base/time.ts";
import { ChannelUse } from "../channel-use.ts";
import type { LinkFrame } from "../frame/frame.ts";
import { LEFT_MAX } from "../frame/limits.ts";
import { Floor } from "./floor.ts";
import type { Neighbours } from "./neighbours.ts";
import type { LinkTiming } from "./timing.ts";

/** However busy the channel sounds, a frame of ours waits no longer than this for silence, in milliseconds. */
const HOLD_MS_MAX = 30_000;

/** On a channel that others use all the time, the draw is from so many frames. */
const CONTENTION_FRAMES = 8;

/** Others' frames make the channel theirs: this knows until when, as far as their frames tell. */
export class Channel {
    readonly #timing: LinkTiming;
    readonly #neighbours: Neighbours;
    readonly #random: () => number;
    /** How much of the time others send data. */
    readonly #others = new ChannelUse();
    /** When the turn of each alias ends. */
    readonly #turns = new Map<number, Millis>();
    readonly #floor = new Floor();
    #holdData: Millis = Number.NEGATIVE_INFINITY;
    /** Until then somebody's answer goes on. */
    #answersEnd: Millis = Number.NEGATIVE_INFINITY;

    constructor({
        timing,
        neighbours,
        random,
    }: { readonly timing: LinkTiming; readonly neighbours: Neighbours; readonly random: () => number }) {
        this.#timing = timing;
        this.#neighbours = neighbours;
        this.#random = random;
    }

    /** Ours is the turn now. */
    begin(): void {
        this.#floor.begin();
    }

    /** Our answer to `asker` goes out. */
    answered(asker: number, wants: boolean): void {
        this.#floor.answered(asker, wants);
    }

    /** Whether others send data too, so that a turn had better be announced. */
    isContested(now: Millis): boolean {
        return this.#neighbours.active().length > 1 && this.#others.share(now) > 0;
    }

    /** In a pair nobody announces turns. */
    get #firstFrameMs(): Millis {
        return this.#neighbours.active().length > 1 ? 0 : this.#timing.frameMs;
    }

    /** How long we leave the channel to those who asked for a turn after ours. */
    get yieldMs(): Millis {
        return this.#floor.isAsked
            ? (this.#neighbours.active().length + 1) * this.#timing.stepMs + this.#firstFrameMs
            : 0;
    }

    /** `toUs`: an answer that we asked for ends the wait for it; it does not begin another. */
    heard(frame: LinkFrame, now: Millis, { toUs }: { readonly toUs: boolean }): void {
        if (frame.kind === "hello") return;
        if (frame.kind === "ack") {
            this.#floor.heardAnswer(frame.alias, frame.wants);
            if (toUs) return;
            this.#answersEnd = now + frame.following * this.#timing.slotMs;
            const others = Math.max(0, this.#neighbours.active().length - 1);
            this.#keepSilent(now + (frame.following + others) * this.#timing.slotMs, 0, now);
            return;
        }
        if (!this.#neighbours.isHeardAlias(frame.alias)) {
            // Who never said who it is may not keep the channel: one more frame, and answers to it.
            const left = Math.min(1, this.#leftOf(frame, now));
            this.#turns.set(frame.alias, now + left * this.#timing.frameMs);
            this.#keepSilent(now + left * this.#timing.frameMs, this.#timing.slotMs, now);
            return;
        }
        const endsAt = now + this.#leftOf(frame, now) * this.#timing.frameMs;
        this.#turns.set(frame.alias, endsAt);
        this.#others.note(now, this.#timing.frameMs);
        const answers = Math.max(1, this.#neighbours.active().length) * this.#timing.slotMs;
        this.#floor.heardTurn(frame.alias, endsAt + this.#timing.answerDelayMs + answers);
        this.#keepSilent(endsAt, this.#answerWindow, now);
    }

    turnEndsAt(alias: number, now: Millis): Millis {
        return this.#turns.get(alias) ?? now;
    }

    afterDataHold(readyAt: Millis | undefined): Millis | undefined {
        if (readyAt === undefined) return undefined;
        const others = this.#neighbours.active().map(({ alias }) => alias);
        const ours = this.#floor.ourTurn(this.#neighbours.alias, others, this.#timing.stepMs);
        // A turn that we asked for is taken, whatever pause was meant to keep us from talking into somebody else's.
        if (ours !== undefined) return Math.max(ours, this.#answersEnd);
        return Math.max(readyAt, Math.min(this.#holdData, readyAt + HOLD_MS_MAX));
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
            case "turn":
                return frame.frames;
            case "single":
                // In the middle of a turn that is known it changes nothing.
                return Math.max(0, ((this.#turns.get(frame.alias) ?? now) - now) / this.#timing.frameMs);
            default:
                return 0;
        }
    }

    get #answerWindow(): Millis {
        const others = Math.max(1, this.#neighbours.active().length);
        return this.#timing.answerWindowMs(others);
    }

    /** Leaves the channel alone until `at` and some time for answers, and then for a moment of chance. */
    #keepSilent(at: Millis, answersMs: Millis, now: Millis): void {
        // Who begins is noticed only when its first frame has ended, so on a busy channel the draw is from whole frames.
        const window = 2 * this.#timing.slotMs + CONTENTION_FRAMES * this.#others.share(now) * this.#timing.frameMs;
        const jitter = this.#random() * window;
        // An answer ends the wait for answers early: the asker goes on at once.
        this.#holdData = at + answersMs + jitter;
    }
}
