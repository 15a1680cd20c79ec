/** How fast old bursts fade: the weight of what was counted before. */
const FADING = 0.7;

/** Counts as heard before anything was: a first lost frame does not mean that all are. */
const FRAMES_ASSUMED = 4;

/** Frames counted at full weight, at most; older ones fade. */
const FRAMES_REMEMBERED = 64;

/** Share of frames that get lost, learned from the gaps that they leave. */
export class LossMeter {
    #heard = FRAMES_ASSUMED;
    #lost = 0;

    count({ heard, lost }: { readonly heard: number; readonly lost: number }): void {
        if (this.#heard + this.#lost > FRAMES_REMEMBERED) {
            this.#heard *= FADING;
            this.#lost *= FADING;
        }
        this.#heard += heard;
        this.#lost += lost;
    }

    /** 0..1. */
    get loss(): number {
        return this.#lost / (this.#heard + this.#lost);
    }
}
