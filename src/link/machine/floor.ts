import type { Millis } from "../../base/time.ts";
import { ALIASES } from "../frame/limits.ts";

/**
 * Who talks next. Everybody who answers a turn says whether he wants one; then those who do have theirs, in the order of
 * their aliases from the last speaker's on, and the last speaker comes last. So one with much to say starves nobody.
 */
export class Floor {
    readonly #wanting = new Set<number>();
    #speaker: number | undefined;
    #slotsEnd: Millis = Number.NEGATIVE_INFINITY;
    /** Whether we told the last speaker that we want a turn. */
    #asked = false;

    /** A frame of somebody's turn, after which answers have their slots until `slotsEnd`. */
    heardTurn(alias: number, slotsEnd: Millis): void {
        this.#speaker = alias;
        this.#slotsEnd = slotsEnd;
        this.#wanting.delete(alias);
        this.#asked = false;
    }

    heardAnswer(alias: number, wants: boolean): void {
        if (wants) this.#wanting.add(alias);
        else this.#wanting.delete(alias);
    }

    /** Our answer to the turn of `asker` goes out. */
    answered(asker: number, wants: boolean): void {
        if (asker === this.#speaker) this.#asked = wants;
    }

    /** Our own turn begins: whoever still wants one will say so in its answer. */
    begin(): void {
        this.#wanting.clear();
        this.#asked = false;
        this.#speaker = undefined;
    }

    /** Whether anybody asked for a turn after ours. */
    get isAsked(): boolean {
        return this.#wanting.size > 0;
    }

    /**
     * When our turn comes, if we asked for one. Whether or not we heard the others ask, each has a moment of `stepMs` to
     * begin, in the order of the aliases; whoever begins is heard before the next moment.
     */
    ourTurn(own: number, others: readonly number[], stepMs: Millis): Millis | undefined {
        if (!this.#asked || this.#speaker === undefined) return undefined;
        const after = (alias: number): number => (alias - (this.#speaker ?? 0) + ALIASES) % ALIASES;
        const before = others.filter((alias) => alias !== this.#speaker && after(alias) < after(own)).length;
        return this.#slotsEnd + before * stepMs;
    }
}
