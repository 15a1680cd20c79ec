import fc from "fast-check";
import { fromHex, toHex } from "../../../src/base/encoding.ts";
import type { AckEntry } from "../../../src/link/frame/ack-entries.ts";
import type { DecodedFrame, LinkFrame } from "../../../src/link/frame/frame.ts";
import { checkBytes, uint } from "../../../src/link/frame/numbers.ts";
import { bytesOf } from "../../support/arbitraries.ts";
import type { TwinEntry, TwinFrame, TwinHeard } from "../../support/link-twin/frames.ts";

const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const check = upTo(0xffff_ffff);
const said = { alias: upTo(15), node: upTo(0xffff) };
const hour = fc.option(upTo(0xfffffe), { nil: undefined });
const symbol = {
    alias: upTo(15),
    slot: upTo(15),
    count: fc.integer({ min: 1, max: 32 }),
    left: upTo(3),
    symbol: fc.uint8Array({ minLength: 1, maxLength: 509 }),
};

export const ackEntries: fc.Arbitrary<AckEntry> = fc.oneof(
    fc.record({
        kind: fc.constantFrom("stored" as const, "rejected" as const, "later" as const),
        check,
        item: upTo(31),
    }),
    fc.record({ kind: fc.constantFrom("kept" as const, "none" as const), check }),
    fc.record({ kind: fc.constant("need" as const), check, keys: fc.boolean(), hour: fc.boolean(), ids: fc.boolean() }),
    fc.record({
        kind: fc.constant("partial" as const),
        alias: upTo(15),
        slot: upTo(15),
        missing: fc.integer({ min: 1, max: 32 }),
    }),
    fc.record({
        kind: fc.constant("held" as const),
        check,
        missing: upTo(32),
        held: fc.array(fc.boolean(), { minLength: 1, maxLength: 32 }),
    }),
);

const polled = fc.record({
    slot: upTo(15),
    count: fc.integer({ min: 1, max: 32 }),
    symbolSize: fc.integer({ min: 1, max: 509 }),
    check,
});

/** Every frame that there is. */
export const linkFrames: fc.Arbitrary<LinkFrame> = fc.oneof(
    fc.record({
        kind: fc.constant("single" as const),
        alias: upTo(15),
        block: fc.uint8Array({ minLength: 1, maxLength: 511 }),
    }),
    fc
        .record({ kind: fc.constant("source" as const), ...symbol, index: upTo(31) })
        .map((frame) => ({ ...frame, index: frame.index % frame.count })),
    fc.record({ kind: fc.constant("repair" as const), ...symbol, number: upTo(31) }),
    fc.record({
        kind: fc.constant("ack" as const),
        ...said,
        following: upTo(3),
        wants: fc.boolean(),
        loss: upTo(255).map((share) => share / 255),
        entries: fc.array(ackEntries, { maxLength: 40 }),
    }),
    fc.record({
        kind: fc.constant("poll" as const),
        ...said,
        whom: upTo(0xffff),
        blocks: fc.array(polled, { maxLength: 63 }),
    }),
    fc.record({
        kind: fc.constant("teach" as const),
        ...said,
        hour,
        routingKeys: fc.array(bytesOf(16), { maxLength: 31 }),
    }),
    fc.record({ kind: fc.constant("hello" as const), ...said, hour, asks: fc.boolean() }),
    fc.record({ kind: fc.constant("turn" as const), ...said, frames: fc.integer({ min: 1, max: 255 }) }),
);

/** What the code says, in the twin's words. */
export function plain(decoded: DecodedFrame): TwinHeard {
    if (!decoded.ok) return decoded.error;
    const { frame } = decoded;
    switch (frame.kind) {
        case "single":
            return { ...frame, block: toHex(frame.block) };
        case "source":
        case "repair":
            return { ...frame, symbol: toHex(frame.symbol) };
        case "ack": {
            const { loss, entries, ...rest } = frame;
            return { ...rest, loss255: Math.round(loss * 255), entries: entries.map(plainEntry) };
        }
        case "poll": {
            const blocks = frame.blocks.map(({ slot, count, symbolSize, check }) => {
                return { slot, count, size: symbolSize, check: toHex(checkBytes(check)) };
            });
            const whom = Array.from({ length: 16 }, (_, alias) => alias).filter((alias) => (frame.whom >> alias) & 1);
            return { ...frame, whom, blocks };
        }
        case "teach": {
            const { routingKeys, hour, ...rest } = frame;
            return { ...rest, hour: hour ?? null, keys: routingKeys.map(toHex) };
        }
        case "hello":
            return { ...frame, hour: frame.hour ?? null };
        case "turn":
            return frame;
    }
}

function plainEntry(entry: AckEntry): TwinEntry {
    if (entry.kind === "partial") return entry;
    const check = toHex(checkBytes(entry.check));
    if (entry.kind !== "held") return { ...entry, check };
    return { ...entry, check, held: entry.held.map(Number).join("") };
}

/** What the twin says, as the code takes it. */
export function coded(frame: TwinFrame): LinkFrame {
    switch (frame.kind) {
        case "single":
            return { ...frame, block: bytes(frame.block) };
        case "source":
        case "repair":
            return { ...frame, symbol: bytes(frame.symbol) };
        case "ack":
            return { ...frame, loss: frame.loss255 / 255, entries: frame.entries.map(codedEntry) };
        case "poll":
            return {
                ...frame,
                whom: frame.whom.reduce((mask, alias) => mask | (1 << alias), 0),
                blocks: frame.blocks.map((each) => ({ ...each, symbolSize: each.size, check: number(each.check) })),
            };
        case "teach":
            return { ...frame, hour: frame.hour ?? undefined, routingKeys: frame.keys.map(bytes) };
        case "hello":
            return { ...frame, hour: frame.hour ?? undefined };
        case "turn":
            return frame;
    }
}

function codedEntry(entry: TwinEntry): AckEntry {
    if (entry.kind === "partial") return entry;
    const check = number(entry.check);
    if (entry.kind !== "held") return { ...entry, check };
    return { ...entry, check, held: [...entry.held].map((bit) => bit === "1") };
}

export function bytes(text: string): Uint8Array {
    const found = fromHex(text);
    if (!found) throw new Error(`no hexadecimal text: ${text}`);
    return found;
}

function number(text: string): number {
    return uint(bytes(text), 0, 4);
}
