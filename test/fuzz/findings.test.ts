import { describe, expect, it } from "vitest";
import { judge } from "./judge.ts";
import { findingsOf, loadTarget, targetNames } from "./load.ts";
import type { FuzzTarget } from "./target.ts";

const targets: readonly FuzzTarget[] = await Promise.all(targetNames().map(loadTarget));
const INPUTS_MS_MAX = 60_000;

it("there are fuzz targets", () => {
    expect(targets.length).toBeGreaterThan(0);
});

describe.each(targets)("$name", (target) => {
    it("runs its corpus and everything it once failed at", { timeout: INPUTS_MS_MAX }, async () => {
        const inputs = [
            ...target.corpus().map((bytes, index) => ({ file: `corpus[${index}]`, bytes })),
            ...findingsOf(target.name),
        ];
        const faults: string[] = [];
        for (const { file, bytes } of inputs) {
            const fault = await judge(target, bytes);
            // Speed is for scripts/fuzz to judge; here a busy machine must not fail a test.
            if (fault?.kind === "threw") faults.push(`${file}: ${fault.detail}`);
        }
        expect(faults).toEqual([]);
    });
});
