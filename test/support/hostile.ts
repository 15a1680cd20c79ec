import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import { makePrng } from "../../src/base/prng.ts";

/** What stands between a device's bytes and a driver. */
interface Parser {
    push(chunk: Uint8Array): readonly unknown[];
}

export interface HostileTrial {
    readonly parser: Parser;
    /** Real lines and packets, to be damaged. */
    readonly corpus: readonly string[];
    /** A good packet, which must be understood after whatever came before it. */
    readonly good: string;
    isGood(said: unknown): boolean;
    /** Ends whatever is begun: a parser needs no more than this to find its way back. */
    readonly flush: Uint8Array;
    readonly sequences: number;
    readonly seed: number;
}

/** A good packet is asked for after so many sequences. */
const GOOD_EVERY = 100;
const HEAP_BYTES_MAX = 4 * 1024 * 1024;

/** Random and damaged sequences, one after the other into one parser that is never told to forget. */
export function survive(trial: HostileTrial): void {
    const random = makePrng(trial.seed);
    const below = (max: number): number => Math.floor(random() * max);
    const corpus = trial.corpus.map(bytesOf);
    const good = bytesOf(trial.good);
    const before = heapBytes();
    let said = 0;
    for (let index = 0; index < trial.sequences; index++) {
        said += trial.parser.push(below(3) === 0 ? noise(below) : damaged(corpus[below(corpus.length)], below)).length;
        if (index % GOOD_EVERY !== 0) continue;
        trial.parser.push(trial.flush);
        const heard = trial.parser.push(good);
        if (!heard.some(trial.isGood))
            expect.fail(`seed ${trial.seed}: the good packet after sequence ${index} is lost`);
    }
    expect(said).toBeGreaterThan(0);
    expect(heapBytes() - before).toBeLessThan(HEAP_BYTES_MAX);
}

/** What is still reachable. */
function heapBytes(): number {
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
    return process.memoryUsage().heapUsed;
}

type Below = (max: number) => number;

function noise(below: Below): Uint8Array {
    return Uint8Array.from({ length: below(24) }, () => below(256));
}

/** One to three of: a byte changed, a piece cut out, a piece doubled, the end cut off. */
function damaged(original: Uint8Array | undefined, below: Below): Uint8Array {
    let bytes = original ?? new Uint8Array(0);
    for (let left = 1 + below(3); left > 0 && bytes.length > 0; left--) {
        const at = below(bytes.length);
        const end = at + below(bytes.length - at);
        const kind = below(4);
        if (kind === 0) bytes = bytes.with(at, below(256));
        else if (kind === 1) bytes = joined(bytes.subarray(0, at), bytes.subarray(end));
        else if (kind === 2) bytes = joined(bytes.subarray(0, end), bytes.subarray(at));
        else bytes = bytes.subarray(0, at);
    }
    return bytes;
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(head.length + tail.length);
    bytes.set(head);
    bytes.set(tail, head.length);
    return bytes;
}

function bytesOf(text: string): Uint8Array {
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
