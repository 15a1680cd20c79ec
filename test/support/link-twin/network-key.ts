import { blake3 } from "@noble/hashes/blake3.js";
import { fromHex, toHex } from "../../../src/base/encoding.ts";

/**
 * docs/link.md, "Network key", done slowly: numbers are written as bits, every counter ever heard is kept, and the whole
 * counter of a short trailer is found by counting. It makes test/vectors/link/network-key.json.
 */
export interface SlowFrame {
    readonly key: Uint8Array;
    readonly slot: number;
    readonly node: number;
    readonly counter: number;
    readonly long?: boolean;
    readonly frame: Uint8Array;
}

export function slowSeal({ key, slot, node, counter, long = false, frame }: SlowFrame): Uint8Array {
    const name = bits(node, 14) + bits(slot, 2);
    const all = bits(counter, 31);
    const tag = slowTag({ key, name, counter, frame });
    const trailer = (long ? all.slice(0, 16) : "") + name + (long ? "1" : "0") + all.slice(16) + tag;
    return join(frame, ofBits(trailer));
}

function slowTag({ key, name, counter, frame }: { key: Uint8Array; name: string; counter: number; frame: Uint8Array }) {
    const message = join(new TextEncoder().encode("hearth-frame-1"), ofBits(name), ofBits(bits(counter, 32)), frame);
    return [...blake3(message, { key }).subarray(0, 4)].map((byte) => bits(byte, 8)).join("");
}

/** One receiver: `open` gives the frame's node and size, or why it is refused. */
export function slowReceiver(keys: ReadonlyMap<number, Uint8Array>) {
    const heard = new Map<number, Set<number>>();
    return {
        open(bytes: Uint8Array): string {
            const all = [...bytes].map((byte) => bits(byte, 8)).join("");
            const long = all.at(-48) === "1";
            const size = bytes.length - (long ? 10 : 8);
            const name = all.slice(-64, -48);
            const key = keys.get(Number.parseInt(name.slice(14), 2));
            if (size < 1 || !key) return "stranger";
            const node = Number.parseInt(name.slice(0, 14), 2);
            const before = heard.get(node) ?? new Set();
            const oldest = Math.max(0, Math.max(-1, ...before) - 63);
            let counter = oldest;
            if (long) counter = Number.parseInt(all.slice(-80, -64) + all.slice(-47, -32), 2);
            else while (bits(counter, 31).slice(16) !== all.slice(-47, -32)) counter++;
            const tag = slowTag({ key, name, counter, frame: bytes.subarray(0, size) });
            if (tag !== all.slice(-32)) return "stranger";
            if (counter < oldest || before.has(counter)) return "replayed";
            heard.set(node, before.add(counter));
            return `node ${node}, ${size} bytes`;
        },
    };
}

function bits(value: number, count: number): string {
    return value.toString(2).padStart(count, "0");
}

function ofBits(text: string): Uint8Array {
    return Uint8Array.from(text.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
    return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export const VECTOR_KEYS = [1, 2].map((slot) => ({ slot, key: new Uint8Array(32).fill(slot * 17) }));

/** What one receiver with both keys gets, in this order. */
const STEPS = [
    { slot: 1, node: 5, counter: 0, frame: "40" },
    { slot: 1, node: 5, counter: 0, frame: "40" },
    { slot: 1, node: 5, counter: 70, frame: "5d0102030405" },
    { slot: 1, node: 5, counter: 7, frame: "5d06" },
    { slot: 1, node: 5, counter: 6, frame: "5d07" },
    { slot: 1, node: 5, counter: 6, long: true, frame: "5d07" },
    { slot: 2, node: 5, counter: 32_774, frame: "6100" },
    { slot: 2, node: 5, counter: 70_000, frame: "6101" },
    { slot: 2, node: 5, counter: 70_001, long: true, frame: "6102" },
    { slot: 2, node: 5, counter: 70_000, frame: "6101" },
    { slot: 2, node: 16_383, counter: 2 ** 31 - 1, frame: "7f" },
    { slot: 2, node: 16_383, counter: 2 ** 31 - 1, long: true, frame: "7f" },
    { slot: 3, node: 9, counter: 1, frame: "40" },
    { slot: 1, node: 9, counter: 32_767, frame: "40" },
];

export function networkKeyVectors() {
    const receiver = slowReceiver(new Map(VECTOR_KEYS.map(({ slot, key }) => [slot, key])));
    return {
        what: "docs/link.md, section Network key: what nodes seal, and what one receiver makes of it, in this order",
        keys: VECTOR_KEYS.map(({ slot, key }) => ({ slot, key: toHex(key) })),
        steps: STEPS.map(({ frame, ...step }) => {
            const key = VECTOR_KEYS.find(({ slot }) => slot === step.slot)?.key ?? new Uint8Array(32);
            const sealed = slowSeal({ ...step, key, frame: fromHex(frame) ?? new Uint8Array() });
            return { long: false, ...step, frame, sealed: toHex(sealed), outcome: receiver.open(sealed) };
        }),
    };
}
