import { concatBytes } from "../../base/bytes.ts";
import { DEPTH_MAX, ID_SIZE, ROOT } from "./short-ids.ts";
import { readSketch, type Sketch, SYNDROME_SIZE, writeSketch } from "./sketch.ts";

/** Syndromes of one node that are ever asked for; also the bound of the work that one decoding costs. */
export const SYNDROMES_MAX = 64;
/** Short ids in one want. */
export const WANTS_MAX = 64;
/** Ids in one list. */
export const LISTED_MAX = 13;
/** Octets of the longest message: 64 syndromes of a node. */
export const MESSAGE_SIZE_MAX = 4 + SYNDROMES_MAX * SYNDROME_SIZE;
/** Counts go by the remainder, so that a digest of one syndrome has six bytes. */
export const COUNT_MODULUS = 2 ** 14;

/** What a want says beside its short ids: whether its sender goes on, knows everything now, or stops short of that. */
export type Ending = "goes_on" | "complete" | "partial";

/** docs/sketch.md, "Messages". */
export type Message =
    | { readonly kind: "digest"; readonly count: number; readonly sketch: Sketch }
    | { readonly kind: "ask"; readonly node: number; readonly from: number; readonly to: number }
    | { readonly kind: "more"; readonly node: number; readonly from: number; readonly sketch: Sketch }
    | { readonly kind: "want"; readonly ending: Ending; readonly shorts: Sketch }
    | { readonly kind: "list"; readonly ids: readonly Uint8Array[] };

const MORE_OF_ALL = 0x40;
const ASK_OF_ALL = 0x80;
const WANTS: readonly Ending[] = ["goes_on", "complete", "partial"];
const WANT = 0xc0;
const LIST = 0xc3;
const ASK = 0xc4;
const MORE = 0xc5;

export function encodeMessage(message: Message): Uint8Array {
    switch (message.kind) {
        case "digest":
            return concatBytes(Uint8Array.of(message.count >> 8, message.count), writeSketch(message.sketch));
        case "ask": {
            const { node, from, to } = message;
            return node === ROOT ? Uint8Array.of(ASK_OF_ALL | from, to) : Uint8Array.of(ASK, ...places(node), from, to);
        }
        case "more": {
            const { node, from, sketch } = message;
            const head = node === ROOT ? [MORE_OF_ALL | from] : [MORE, ...places(node), from];
            return concatBytes(Uint8Array.from(head), writeSketch(sketch));
        }
        case "want":
            return concatBytes(Uint8Array.of(WANT + WANTS.indexOf(message.ending)), writeSketch(message.shorts));
        case "list":
            return concatBytes(Uint8Array.of(LIST), ...message.ids);
    }
}

function places(node: number): readonly number[] {
    return [node & 0xff, node >> 8];
}

/** Undefined for anything but a message of docs/sketch.md within its limits. */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
    if (bytes.length === 0 || bytes.length > MESSAGE_SIZE_MAX) return undefined;
    const [first = 0, second = 0] = bytes;
    const low = first & 0x3f;
    if (first < MORE_OF_ALL) return digest((low << 8) | second, bytes.subarray(2));
    if (first < ASK_OF_ALL) return more(ROOT, low, bytes.subarray(1));
    if (first < WANT) return bytes.length === 2 ? ask(ROOT, low, second) : undefined;
    if (first < LIST) return want(WANTS[first - WANT], bytes.subarray(1));
    if (first === LIST) return list(bytes.subarray(1));
    return first <= MORE ? ofNode(first, bytes) : undefined;
}

function ofNode(kind: number, bytes: Uint8Array): Message | undefined {
    const [, low = 0, high = 0, from = 0, to = 0] = bytes;
    const node = low | (high << 8);
    if (node <= ROOT || node >= 2 ** (DEPTH_MAX + 1)) return undefined;
    if (kind === MORE) return more(node, from, bytes.subarray(4));
    return bytes.length === 5 ? ask(node, from, to) : undefined;
}

function digest(count: number, rest: Uint8Array): Message | undefined {
    const sketch = readSketch(rest);
    return sketch === undefined || !fits(0, sketch.length) ? undefined : { kind: "digest", count, sketch };
}

function more(node: number, from: number, rest: Uint8Array): Message | undefined {
    const sketch = readSketch(rest);
    return sketch === undefined || !fits(from, from + sketch.length) ? undefined : { kind: "more", node, from, sketch };
}

function ask(node: number, from: number, to: number): Message | undefined {
    return fits(from, to) ? { kind: "ask", node, from, to } : undefined;
}

function fits(from: number, to: number): boolean {
    return from < to && to <= SYNDROMES_MAX;
}

function want(ending: Ending | undefined, rest: Uint8Array): Message | undefined {
    const shorts = readSketch(rest);
    if (shorts === undefined || ending === undefined || shorts.length > WANTS_MAX) return undefined;
    return { kind: "want", ending, shorts };
}

function list(rest: Uint8Array): Message | undefined {
    const size = rest.length / ID_SIZE;
    if (!Number.isInteger(size) || size < 1 || size > LISTED_MAX) return undefined;
    return {
        kind: "list",
        ids: Array.from({ length: size }, (_, i) => rest.slice(i * ID_SIZE, (i + 1) * ID_SIZE)),
    };
}
