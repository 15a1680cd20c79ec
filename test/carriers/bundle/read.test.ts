import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { err, ok } from "../../../src/base/result.ts";
import { bytesSource, openFileSource } from "../../../src/carriers/bundle/bytes-source.ts";
import { importBundle } from "../../../src/carriers/bundle/import.ts";
import { verifyBundle } from "../../../src/carriers/bundle/read.ts";
import { salvageFrames } from "../../../src/carriers/bundle/salvage.ts";
import { writeBundle } from "../../../src/carriers/bundle/write.ts";
import { bundleFileErrorText, decodeBundleFile, encodeBundleFile } from "../../../src/wire/bundle-file.ts";
import { damaged } from "../../support/arbitraries.ts";
import { testMessage } from "../../support/envelopes.ts";

let directory: string;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-bundle-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const hash = (bytes: Uint8Array): Uint8Array => blake3(bytes);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Messages of different sizes and two tombstones. */
function someFrames(count: number): readonly Uint8Array[] {
    return Array.from({ length: count }, (_, index) => {
        const message = testMessage(index, { size: 80 + ((index * 37) % 900) });
        return index % 10 === 9 ? message.tombstone : message.payload;
    });
}

function bundle(frames: readonly Uint8Array[]): Uint8Array {
    return encodeBundleFile(frames, hash);
}

function salvaged(file: Uint8Array): readonly string[] {
    return [...salvageFrames(bytesSource(file))].map(({ frame }) => hex(frame));
}

it("a streamed verdict is the whole reader's, for sound and damaged files alike", () => {
    const good = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }).map(bundle);
    fc.assert(
        fc.property(fc.oneof(good, damaged(good)), (file) => {
            const [streamed, whole] = [verifyBundle(bytesSource(file)), decodeBundleFile(file, hash)];
            const say = (result: typeof streamed | typeof whole): string =>
                result.ok ? "good" : bundleFileErrorText(result.error);
            expect(say(streamed)).toBe(say(whole));
        }),
    );
});

it("what is written is what one encoder of all frames makes, read through a file window by window", () => {
    const frames = [...someFrames(40), new Uint8Array(600_000).fill(7), ...someFrames(3)];
    const path = join(directory, "a.ember");
    writeBundle({ path, count: frames.length, frames });
    const source = openFileSource(path);
    expect(hex(source.read(0, source.size))).toBe(hex(bundle(frames)));
    expect(verifyBundle(source)).toMatchObject({ ok: true, value: { frames: 44 } });
    source.close();
});

it("a write that fails leaves the older file and no trace", () => {
    const path = join(directory, "a.ember");
    writeBundle({ path, count: 1, frames: someFrames(1) });
    expect(() => writeBundle({ path, count: 3, frames: someFrames(2) })).toThrow();
    const source = openFileSource(path);
    expect(verifyBundle(source)).toMatchObject({ ok: true, value: { frames: 1 } });
    source.close();
    expect(() => openFileSource(`${path}.hearth-draft`)).toThrow();
});

describe("salvage", () => {
    const frames = someFrames(60);
    const file = bundle(frames);

    it("finds all frames of a sound file", () => {
        expect(salvaged(file)).toEqual(frames.map(hex));
    });

    it("finds all whole frames of a file that was cut anywhere", () => {
        fc.assert(
            fc.property(fc.nat(file.length), (cut) => {
                const left = salvaged(file.subarray(0, cut));
                expect(left).toEqual(frames.slice(0, left.length).map(hex));
                const bytes = left.reduce((sum, frame) => sum + 4 + frame.length / 2, 0);
                expect(10 + bytes + 4 + (frames[left.length]?.length ?? 0)).toBeGreaterThanOrEqual(cut - 32 - 94);
            }),
        );
    });

    it("loses to a hole only the frames that the hole touches", () => {
        fc.assert(
            fc.property(fc.integer({ min: 10, max: file.length - 600 }), fc.constantFrom(0, 0xff), (at, fill) => {
                const holed = Uint8Array.from(file).fill(fill, at, at + 512);
                const found = new Set(salvaged(holed));
                let offset = 10;
                for (const frame of frames) {
                    const [start, end] = [offset, offset + 4 + frame.length];
                    offset = end;
                    if (end <= at || start >= at + 512) expect(found.has(hex(frame))).toBe(true);
                }
            }),
        );
    });
});

describe("an import", () => {
    const frames = someFrames(200);
    const file = bundle(frames);

    function marks() {
        const kept = new Map<string, number>();
        return {
            kept,
            done: (sum: string) => kept.get(sum) ?? 0,
            set: (sum: string, done: number) => void kept.set(sum, done),
            clear: (sum: string) => void kept.delete(sum),
        };
    }

    it("goes on where it was interrupted", async () => {
        const seen: string[] = [];
        const kept = marks();
        let batches = 0;
        const sink = async (part: readonly Uint8Array[]) => {
            if (batches++ === 2) return err("pulled out");
            seen.push(...part.map(hex));
            return ok(part.map(() => ({ kind: "stored" as const })));
        };
        const first = await importBundle({ source: bytesSource(file), sink, marks: kept });
        expect(first).toMatchObject({ ok: false, error: { kind: "interrupted", counts: { stored: 128 } } });
        const second = await importBundle({ source: bytesSource(file), sink, marks: kept });
        expect(second).toMatchObject({ ok: true, value: { frames: 72, stored: 72 } });
        expect(seen).toEqual(frames.map(hex));
        expect(kept.kept.size).toBe(0);
    });

    it("refuses a damaged file as a whole, and counts what is salvaged when asked", async () => {
        const bad = Uint8Array.from(file);
        bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;
        let taken = 0;
        const sink = async (part: readonly Uint8Array[]) => {
            taken += part.length;
            return ok(part.map(() => ({ kind: "refused" as const, reason: "storage" as const, text: "Storage full" })));
        };
        const refused = await importBundle({ source: bytesSource(bad), sink });
        expect(refused).toMatchObject({ ok: false, error: { kind: "damaged", text: "checksum mismatch" } });
        expect(taken).toBe(0);
        const result = await importBundle({ source: bytesSource(bad), sink, salvage: true });
        expect(result).toMatchObject({ ok: true, value: { refused: 200, damage: { kind: "checksum_mismatch" } } });
        expect(result.ok && result.value.reasons.get("Storage full")).toBe(200);
    });
});

it("a source is a regular file and nothing that a strange medium's link points to", async () => {
    const { symlinkSync } = await import("node:fs");
    writeFileSync(join(directory, "real"), "x");
    symlinkSync(join(directory, "real"), join(directory, "link"));
    expect(() => openFileSource(directory)).toThrow();
    expect(() => openFileSource(join(directory, "link"), { followLinks: false })).toThrow();
    openFileSource(join(directory, "link")).close();
});
