import type { RepairFrame, SourceFrame } from "../frame/frame.ts";
import { LEFT_MAX } from "../frame/limits.ts";

/** How fast the past fades once enough was counted: the weight of what was counted before. */
const FADING = 0.8;

/** Counts as heard before anything was: a first lost frame does not mean that all are. */
const FRAMES_ASSUMED = 4;

/** Frames counted at full weight, at most. */
const FRAMES_REMEMBERED = 192;

/** Where a transfer is, as far as its frames told. */
interface Place {
    readonly count: number;
    source: number;
    number: number;
}

/** Share of one sender's frames that get lost, learned from the gaps that they leave. */
export class LossMeter {
    #heard = FRAMES_ASSUMED;
    #lost = 0;
    /** By slot. */
    readonly #places = new Map<number, Place>();
    /** What the last frame of the present turn said was still to come. */
    #left = 0;

    /** A frame that says nothing of those before it. */
    heardOne(): void {
        this.#count(1, 0);
        this.#left = 0;
    }

    heard(frame: SourceFrame | RepairFrame): void {
        if (this.#places.size === 0) this.#begin(frame);
        const place = this.#placeOf(frame);
        this.#count(1, frame.kind === "source" ? missedSources(place, frame.index) : missedRepair(place, frame));
        this.#left = frame.left;
    }

    /** The turn is over by now: what it still promised is lost. */
    endTurn(): void {
        this.#count(0, this.#left);
        this.#left = 0;
    }

    /** 0..1. */
    get loss(): number {
        return this.#lost / (this.#heard + this.#lost);
    }

    /** Before the first frame that was ever heard this end may have been off: nothing of that is loss. */
    #begin(frame: SourceFrame | RepairFrame): void {
        const { slot, count } = frame;
        const isSource = frame.kind === "source";
        const [source, number] = isSource ? [frame.index, 0] : [count, frame.number];
        this.#places.set(slot, { count, source, number });
    }

    #placeOf({ slot, count, ...frame }: SourceFrame | RepairFrame): Place {
        const known = this.#places.get(slot);
        const isAnother = known?.count !== count || (frame.kind === "source" && frame.index < known.source);
        if (known && !isAnother) return known;
        const place: Place = { count, source: 0, number: 0 };
        this.#places.set(slot, place);
        return place;
    }

    #count(heard: number, lost: number): void {
        if (this.#heard + this.#lost > FRAMES_REMEMBERED) {
            this.#heard *= FADING;
            this.#lost *= FADING;
        }
        this.#heard += heard;
        this.#lost += lost;
    }
}

function missedSources(place: Place, index: number): number {
    const missed = index - place.source;
    place.source = index + 1;
    return missed;
}

/** Senders begin with the source symbols, and number the repair symbols of one `left` in order. */
function missedRepair(place: Place, { left, number }: RepairFrame): number {
    let missed = place.count - place.source;
    place.source = place.count;
    if (left < LEFT_MAX) return missed;
    missed += Math.max(0, number - place.number);
    place.number = Math.max(place.number, number + 1);
    return missed;
}
