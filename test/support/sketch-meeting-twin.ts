import { twinShort, twinSketch } from "./sketch-twin.ts";

/** One message of a meeting, in hex: who sends it and what it says. */
export interface TwinLine {
    readonly from: "near" | "far";
    readonly kind: string;
    readonly bytes: string;
}

export interface TwinMeeting {
    readonly salt: Uint8Array;
    /** The end that begins, alone. Neither side has two ids with one short id. */
    readonly near: readonly Uint8Array[];
    readonly far: readonly Uint8Array[];
}

const FULL = 64;

/**
 * The messages of docs/sketch.md for a meeting of which everything is known beforehand: this twin never decodes, it looks at
 * both sets. Neither side may be empty, and nobody expects anything.
 */
export function twinTranscript({ salt, near, far }: TwinMeeting): readonly TwinLine[] {
    const shorts = { near: shortsOf(salt, near), far: shortsOf(salt, far) };
    const lines: TwinLine[] = [digest("near", shorts.near, 1)];
    const isEqual =
        shorts.near.length === shorts.far.length && shorts.near.every((short) => shorts.far.includes(short));
    if (isEqual) return [...lines, want("far", 0xc1, [])];
    const surplus = Math.abs(shorts.near.length - shorts.far.length);
    const least = Math.min(syndromesFor(surplus || 4), FULL);
    const nearLooks = shorts.near.length > shorts.far.length;
    if (nearLooks) lines.push(digest("far", shorts.far, Math.min(syndromesFor(surplus), 54)));
    const looker = new Looker(nearLooks ? "near" : "far", shorts);
    looker.resolve({ node: 1, known: nearLooks ? Math.min(syndromesFor(surplus), 54) : 1, least });
    return [...lines, ...looker.ended()];
}

interface Part {
    readonly node: number;
    readonly known: number;
    readonly least: number;
}

/** Walks the tree of short ids as the looking side would. */
class Looker {
    readonly #lines: TwinLine[] = [];
    readonly #me: "near" | "far";
    readonly #other: "near" | "far";
    readonly #mine: readonly number[];
    readonly #theirs: readonly number[];
    #wanted: number[] = [];

    constructor(me: "near" | "far", shorts: { readonly near: readonly number[]; readonly far: readonly number[] }) {
        this.#me = me;
        this.#other = me === "near" ? "far" : "near";
        this.#mine = shorts[this.#me];
        this.#theirs = shorts[this.#other];
    }

    resolve({ node, known, least }: Part): void {
        const missing = below(node, this.#theirs).filter((short) => !this.#mine.includes(short));
        const extra = below(node, this.#mine).filter((short) => !this.#theirs.includes(short));
        let held = known;
        while (syndromesFor(missing.length + extra.length) > held) {
            if (held === FULL) {
                this.resolve({ node: 2 * node, known: 0, least: 40 });
                this.resolve({ node: 2 * node + 1, known: FULL, least: 40 });
                return;
            }
            const to = held < least ? least : nextStep(node, held);
            this.#flush("c0");
            this.#line("ask", this.#me, (node === 1 ? byte(0x80 | held) : `c4${word16(node)}${byte(held)}`) + byte(to));
            const head = node === 1 ? byte(0x40 | held) : `c5${word16(node)}${byte(held)}`;
            this.#line("more", this.#other, head + words(twinSketch(below(node, this.#theirs), held, to)));
            held = to;
        }
        this.#wanted.push(...missing);
    }

    ended(): readonly TwinLine[] {
        this.#flush("c1");
        return this.#lines;
    }

    #flush(ending: "c0" | "c1"): void {
        while (this.#wanted.length > FULL) this.#line("want", this.#me, `c0${words(this.#wanted.splice(0, FULL))}`);
        if (ending === "c1" || this.#wanted.length > 0) this.#line("want", this.#me, ending + words(this.#wanted));
        this.#wanted = [];
    }

    #line(kind: string, from: "near" | "far", bytes: string): void {
        this.#lines.push({ from, kind, bytes });
    }
}

function nextStep(node: number, known: number): number {
    const steps = node === 1 ? [5, 11, 22, 40] : [];
    return steps.find((step) => step >= known + 2) ?? FULL;
}

function syndromesFor(differences: number): number {
    return differences < 15 ? differences + 1 : differences;
}

function shortsOf(salt: Uint8Array, ids: readonly Uint8Array[]): readonly number[] {
    return ids.map((id) => twinShort(salt, id)).sort((a, b) => a - b);
}

/** The short ids whose upper bits, with a 1 in front, are the bits of `node`. */
function below(node: number, shorts: readonly number[]): readonly number[] {
    const prefix = node.toString(2).slice(1);
    return shorts.filter((short) => short.toString(2).padStart(32, "0").startsWith(prefix));
}

function digest(from: "near" | "far", shorts: readonly number[], syndromes: number): TwinLine {
    const count = (shorts.length % 2 ** 14).toString(16).padStart(4, "0");
    return { from, kind: "digest", bytes: count + words(twinSketch(shorts, 0, syndromes)) };
}

function want(from: "near" | "far", head: number, shorts: readonly number[]): TwinLine {
    return { from, kind: "want", bytes: byte(head) + words(shorts) };
}

function byte(value: number): string {
    return value.toString(16).padStart(2, "0");
}

function word16(value: number): string {
    return byte(value % 256) + byte(Math.floor(value / 256));
}

/** Numbers of 32 bits, lowest byte first. */
export function words(values: readonly number[]): string {
    return values.map((value) => word16(value % 65_536) + word16(Math.floor(value / 65_536))).join("");
}
