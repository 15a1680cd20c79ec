/** One measured number, as `scripts/bench --json` prints it, a line each. */
export interface Figure {
    readonly name: string;
    readonly value: number;
    readonly unit: string;
    /** What the number is held against; null where it only informs. */
    readonly target: number | null;
    readonly better: "higher" | "lower";
}

/** Each file `bench/<name>.bench.ts` exports one of these as `bench`; `scripts/bench <name>` finds and runs it. */
export interface Bench {
    readonly title: string;
    run(report: (figure: Figure) => void): Promise<void>;
}
