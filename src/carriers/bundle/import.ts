import { err, ok, type Result } from "../../base/result.ts";
import { type BundleFileError, bundleFileErrorText } from "../../wire/bundle-file.ts";
import type { Arrival } from "../carrier.ts";
import type { ByteSource } from "./bytes-source.ts";
import { type BundleStep, verifyBundle, walkBundle } from "./read.ts";
import { salvageFrames } from "./salvage.ts";

/** Frames that are handed over together, so that they share a sync or a request. */
const BATCH_FRAMES_MAX = 64;
/** Bytes of one batch, beyond which no further frame joins it. */
const BATCH_BYTES_MAX = 1024 * 1024;

/** Takes frames; one answer each, in order, once they are durable. An error ends the import, which can go on later. */
export type FrameSink = (frames: readonly Uint8Array[]) => Promise<Result<readonly Arrival[], string>>;

export interface ImportCounts {
    readonly frames: number;
    readonly stored: number;
    readonly duplicates: number;
    readonly refused: number;
    /** What was said about refused frames, and how often. */
    readonly reasons: ReadonlyMap<string, number>;
}

export type ImportError =
    | { readonly kind: "damaged"; readonly error: BundleFileError; readonly text: string }
    | { readonly kind: "interrupted"; readonly text: string; readonly counts: ImportCounts };

export interface ImportOptions {
    readonly source: ByteSource;
    readonly sink: FrameSink;
    /** Takes what a damaged file still holds instead of refusing it. A sound file is imported as ever. */
    readonly salvage?: boolean;
    /** Where earlier imports of the same content ended. */
    readonly marks?: ImportMarks | undefined;
    /** Sees each frame before anybody knows whether the file is sound. */
    readonly onFrame?: (frame: Uint8Array) => void;
    readonly onProgress?: (progress: { readonly phase: "verify" | "import"; readonly bytes: number }) => void;
}

/** Remembers how many frames of a content, named by its checksum, were handed over. */
export interface ImportMarks {
    done(checksum: string): number;
    set(checksum: string, frames: number): void;
    clear(checksum: string): void;
}

/** Reasons that are told apart in the counts; more share the last one. */
const REASONS_MAX = 20;

/**
 * Imports a `.ember` file. A damaged one is refused as a whole, as Ember refuses it, unless `salvage` is set. Frames that
 * are refused one by one do not end it. Rejects where the medium fails.
 */
export async function importBundle(
    options: ImportOptions,
): Promise<Result<ImportCounts & { readonly damage: BundleFileError | undefined }, ImportError>> {
    const { source, salvage = false, onProgress, onFrame } = options;
    const verdict = await verifyBundle(source, ({ frame, end }) => {
        onFrame?.(frame);
        onProgress?.({ phase: "verify", bytes: end });
    });
    if (verdict.ok) {
        const { checksum } = verdict.value;
        const counts = await takeOver(options, walkBundle(source), checksum);
        return counts.ok ? ok({ ...counts.value, damage: undefined }) : counts;
    }
    if (!salvage) return err({ kind: "damaged", error: verdict.error, text: bundleFileErrorText(verdict.error) });
    const counts = await takeOver(options, salvageFrames(source), undefined);
    return counts.ok ? ok({ ...counts.value, damage: verdict.error }) : counts;
}

async function takeOver(
    { sink, marks, onProgress }: ImportOptions,
    steps: AsyncIterable<BundleStep>,
    checksum: string | undefined,
): Promise<Result<ImportCounts, ImportError>> {
    const tally = new Tally();
    const mark = checksum === undefined ? undefined : marks;
    let done = mark?.done(checksum ?? "") ?? 0;
    for await (const batch of batches(steps, done)) {
        const answers = await sink(batch.frames);
        if (!answers.ok) return err({ kind: "interrupted", text: answers.error, counts: tally.counts() });
        for (const answer of answers.value) tally.add(answer);
        done += batch.frames.length;
        mark?.set(checksum ?? "", done);
        onProgress?.({ phase: "import", bytes: batch.end });
    }
    mark?.clear(checksum ?? "");
    return ok(tally.counts());
}

async function* batches(
    steps: AsyncIterable<BundleStep>,
    skip: number,
): AsyncGenerator<{ readonly frames: readonly Uint8Array[]; readonly end: number }> {
    let frames: Uint8Array[] = [];
    let bytes = 0;
    let index = 0;
    let last = 0;
    for await (const { frame, end } of steps) {
        if (index++ < skip) continue;
        // The next step may overwrite the bytes it lent.
        frames.push(Uint8Array.from(frame));
        bytes += frame.length;
        last = end;
        if (frames.length < BATCH_FRAMES_MAX && bytes < BATCH_BYTES_MAX) continue;
        yield { frames, end };
        frames = [];
        bytes = 0;
    }
    if (frames.length > 0) yield { frames, end: last };
}

class Tally {
    #stored = 0;
    #duplicates = 0;
    #refused = 0;
    readonly #reasons = new Map<string, number>();

    add(arrival: Arrival): void {
        if (arrival.kind === "stored") this.#stored++;
        else if (arrival.kind === "duplicate") this.#duplicates++;
        else {
            this.#refused++;
            const known = this.#reasons.has(arrival.text) || this.#reasons.size < REASONS_MAX;
            const text = known ? arrival.text : "other reasons";
            this.#reasons.set(text, (this.#reasons.get(text) ?? 0) + 1);
        }
    }

    counts(): ImportCounts {
        return {
            frames: this.#stored + this.#duplicates + this.#refused,
            stored: this.#stored,
            duplicates: this.#duplicates,
            refused: this.#refused,
            reasons: new Map(this.#reasons),
        };
    }
}
