import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { decodeEntries, encodeEntries, entrySize } from "../../../src/link/frame/ack-entries.ts";
import { ACK_OVERHEAD, polledMax, taughtMax } from "../../../src/link/frame/control.ts";
import { decodeFrame, encodeFrame, repairId } from "../../../src/link/frame/frame.ts";
import { damaged } from "../../support/arbitraries.ts";
import { twinFrame, twinHear } from "../../support/link-twin/frames.ts";
import { ackEntries, coded, linkFrames, plain } from "./frames.ts";

const CHECK = 0xc0ffee42;

describe("frames", () => {
    it("come back as they were, from views into any buffer", () => {
        fc.assert(
            fc.property(linkFrames, fc.nat(5), (frame, before) => {
                const encoded = encodeFrame(frame);
                fc.pre(encoded.length <= 512);
                const buffer = new Uint8Array(before + encoded.length + 3).fill(0xee);
                buffer.set(encoded, before);
                expect(decodeFrame(buffer.subarray(before, before + encoded.length))).toEqual({ ok: true, frame });
            }),
            { numRuns: 500 },
        );
    });

    it("are written and read as the twin does it, also when they are damaged", () => {
        const all = fc.oneof(
            fc.uint8Array({ maxLength: 520 }),
            damaged(linkFrames.map(encodeFrame)),
            linkFrames.map(encodeFrame),
        );
        fc.assert(
            fc.property(all, (bytes) => {
                const heard = twinHear(toHex(bytes));
                expect(plain(decodeFrame(bytes))).toEqual(heard);
                if (typeof heard === "object") expect(toHex(encodeFrame(coded(heard)))).toBe(twinFrame(heard));
            }),
            { numRuns: 1_000 },
        );
    });

    it("have headers of 1 byte for a whole block and 3 for a symbol", () => {
        const symbol = { alias: 1, slot: 2, count: 3, left: 0, symbol: new Uint8Array(40) };
        expect(encodeFrame({ kind: "single", alias: 1, block: new Uint8Array(40) })).toHaveLength(41);
        expect(encodeFrame({ kind: "source", index: 1, ...symbol })).toHaveLength(43);
        expect(encodeFrame({ kind: "repair", number: 1, ...symbol })).toHaveLength(43);
    });

    it("of other versions and types are unknown, not damaged", () => {
        for (let first = 0; first < 256; first++) {
            const error = (rest: readonly number[]) => {
                const decoded = decodeFrame(Uint8Array.of(first, ...rest));
                return decoded.ok ? "" : decoded.error;
            };
            const isOurs = first >> 6 === 1;
            expect(error([0x30, 0, 1, 0, 0, 0]) === "unknown").toBe(!isOurs);
            for (let type = 5; type < 16; type++) {
                expect(error([type << 4, 0, 1]) === "unknown").toBe(!isOurs || first >> 4 === 7);
            }
        }
    });

    it("name every repair symbol once", () => {
        const ids = new Set<number>();
        for (let number = 0; number < 32; number++)
            for (let left = 0; left < 4; left++) ids.add(repairId({ count: 32, number, left }));
        expect([ids.size, Math.min(...ids), Math.max(...ids)]).toEqual([128, 32, 159]);
    });
});

describe("control frames", () => {
    it("hold as much as they say", () => {
        fc.assert(
            fc.property(fc.integer({ min: 32, max: 512 }), (frameSizeMax) => {
                const sizeOf = (blocks: number) => {
                    const block = { slot: 0, count: 1, symbolSize: 1, check: 0 };
                    const frame = {
                        kind: "poll",
                        alias: 0,
                        node: 0,
                        whom: 0,
                        blocks: Array(blocks).fill(block),
                    } as const;
                    return encodeFrame(frame).length;
                };
                const most = polledMax(frameSizeMax);
                expect([sizeOf(most) <= frameSizeMax, sizeOf(most + 1) > frameSizeMax]).toEqual([true, true]);
                const teach = (keys: number) => {
                    const routingKeys = Array(keys).fill(new Uint8Array(16));
                    return encodeFrame({ kind: "teach", alias: 0, node: 0, hour: 1, routingKeys }).length;
                };
                const keys = taughtMax(frameSizeMax);
                expect([teach(keys) <= frameSizeMax, teach(keys + 1) > frameSizeMax, keys > 0]).toEqual([
                    true,
                    true,
                    true,
                ]);
            }),
        );
    });

    it("tell the size of an ack before it is written", () => {
        fc.assert(
            fc.property(fc.array(ackEntries, { maxLength: 20 }), (entries) => {
                const bytes = encodeEntries(entries);
                expect(bytes).toHaveLength(entries.reduce((sum, entry) => sum + entrySize(entry), 0));
                const frame = { kind: "ack", alias: 0, node: 1, following: 0, wants: false, loss: 0, entries } as const;
                expect(encodeFrame(frame)).toHaveLength(ACK_OVERHEAD + bytes.length);
            }),
        );
    });

    it("never make one verdict of another by a damaged first byte", () => {
        const kinds = ["stored", "rejected", "later"] as const;
        const said = [
            ...kinds.flatMap((kind) => [0, 1, 31].map((item) => ({ kind, check: CHECK, item }))),
            { kind: "kept" as const, check: CHECK },
            { kind: "need" as const, check: CHECK, keys: true, hour: false, ids: false },
        ];
        for (const entry of said) {
            const bytes = encodeEntries([entry]);
            for (let change = 1; change < 256; change++) {
                const [read] = decodeEntries(bytes.with(0, (bytes[0] ?? 0) ^ change)) ?? [];
                if (read && "check" in read) expect(read.check).not.toBe(CHECK);
            }
        }
    });
});
