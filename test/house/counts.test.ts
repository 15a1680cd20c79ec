import { describe, expect, it } from "vitest";
import { countsOfReport, verdictOf } from "../../scripts/lib/counts.ts";

function file(status: string, ...tests: readonly string[]): unknown {
    return { status, assertionResults: tests.map((each) => ({ status: each })) };
}

describe("the counts of a vitest report", () => {
    it("adds up all files", () => {
        const report = { testResults: [file("passed", "passed", "pending"), file("failed", "passed", "failed")] };
        expect(countsOfReport(report, false)).toEqual({ passed: 2, failed: 1, skipped: 1 });
    });

    it("counts a file that could not be loaded as one failure", () => {
        const report = { testResults: [file("failed"), file("passed", "passed")] };
        expect(countsOfReport(report, false)).toEqual({ passed: 1, failed: 1, skipped: 0 });
    });

    it("does not believe a failed run whose tests all passed", () => {
        expect(countsOfReport({ testResults: [file("passed", "passed")] }, false).failed).toBe(1);
    });

    it.each([undefined, null, {}, { testResults: [] }, { testResults: 7 }])("takes %j for a failure", (report) => {
        expect(countsOfReport(report, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    });
});

describe("the last line", () => {
    it("is a failure when anything failed or nothing ran", () => {
        expect(verdictOf({ passed: 9, failed: 1, skipped: 0 })).toEqual({ line: "9 passed, 1 failed", exitCode: 1 });
        expect(verdictOf({ passed: 0, failed: 0, skipped: 0 }).exitCode).toBe(1);
    });

    it("names skipped tests only when there are any", () => {
        expect(verdictOf({ passed: 9, failed: 0, skipped: 2 })).toEqual({
            line: "9 passed, 0 failed, 2 skipped",
            exitCode: 0,
        });
    });
});
