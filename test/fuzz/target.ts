/**
 * One door that hostile bytes come to. `scripts/fuzz` mutates the corpus from a seed and calls `run`; whatever `run`
 * throws is a finding, kept under `test/fuzz/findings/<name>/` and run again by the test suite for ever.
 */
export interface FuzzTarget {
    /** File-name safe; also the folder of its findings. */
    readonly name: string;
    /** Good inputs to start from: real frames, vectors, captures. Never empty. */
    corpus(): readonly Uint8Array[];
    /** Throws when a promise is broken: an exception, an allocation beyond the input, a lossy round trip, a stall. */
    run(bytes: Uint8Array): void | Promise<void>;
}
