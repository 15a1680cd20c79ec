import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

async function salvaged(file: Uint8Array): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const { frame } of salvageFrames(bytesSource(file))) found.push(hex(frame));
    return found;
}

it("a streamed verdict is the whole reader's, for sound and damaged files alike", async () => {
    const good = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }).map(bundle);
    await fc.assert(
        fc.asyncProperty(fc.oneof(good, damaged(good)), async (file) => {
            const [streamed, whole] = [await verifyBundle(bytesSource(file)), decodeBundleFile(file, hash)];
            const say = (result: typeof streamed | typeof whole): string =>
                result.ok ? "good" : bundleFileErrorText(result.error);
            expect(say(streamed)).toBe(say(whole));
        }),
    );
});

it("what is written is what one encoder of all frames makes, read through a file window by window", async () => {
    const frames = [...someFrames(40), new Uint8Array(600_000).fill(7), ...someFrames(3)];
    const path = join(directory, "a.ember");
    await writeBundle({ path, count: frames.length, frames });
    const source = await openFileSource(path);
    expect(hex(await source.read(0, source.size))).toBe(hex(bundle(frames)));
    expect(await verifyBundle(source)).toMatchObject({ ok: true, value: { frames: 44 } });
    await source.close();
});

it("a write that fails leaves the older file and no trace", async () => {
    const path = join(directory, "a.ember");
    await writeBundle({ path, count: 1, frames: someFrames(1) });
    await expect(writeBundle({ path, count: 3, frames: someFrames(2) })).rejects.toThrow();
    const source = await openFileSource(path);
    expect(await verifyBundle(source)).toMatchObject({ ok: true, value: { frames: 1 } });
    await source.close();
    await expect(openFileSource(`${path}.hearth-draft`)).rejects.toThrow();
});

describe("salvage", () => {
    const frames = someFrames(60);
    const file = bundle(frames);

    it("finds all frames of a sound file", async () => {
        expect(await salvaged(file)).toEqual(frames.map(hex));
    });

    it("finds all whole frames of a file that was cut anywhere", async () => {
        await fc.assert(
            fc.asyncProperty(fc.nat(file.length), async (cut) => {
                const left = await salvaged(file.subarray(0, cut));
                expect(left).toEqual(frames.slice(0, left.length).map(hex));
                const bytes = left.reduce((sum, frame) => sum + 4 + frame.length / 2, 0);
                expect(10 + bytes + 4 + (frames[left.length]?.length ?? 0)).toBeGreaterThanOrEqual(cut - 32 - 94);
            }),
        );
    });

    it("loses to a hole only the frames that the hole touches", async () => {
        await fc.assert(
            fc.asyncProperty(
                fc.integer({ min: 10, max: file.length - 600 }),
                fc.constantFrom(0, 0xff),
                async (at, fill) => {
                    const holed = Uint8Array.from(file).fill(fill, at, at + 512);
                    const found = new Set(await salvaged(holed));
                    let offset = 10;
                    for (const frame of frames) {
                        const [start, end] = [offset, offset + 4 + frame.length];
                        offset = end;
                        if (end <= at || start >= at + 512) expect(found.has(hex(frame))).toBe(true);
                    }
                },
            ),
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
    writeFileSync(join(directory, "real"), "x");
    symlinkSync(join(directory, "real"), join(directory, "link"));
    await expect(openFileSource(directory)).rejects.toThrow();
    await expect(openFileSource(join(directory, "link"), { followLinks: false })).rejects.toThrow();
    await (await openFileSource(join(directory, "link"))).close();
});
