/** What came of one stage, or of all. */
export interface StageCounts {
    readonly passed: number;
    readonly failed: number;
    readonly skipped: number;
}

export const NO_COUNTS: StageCounts = { passed: 0, failed: 0, skipped: 0 };

export function sumOf(a: StageCounts, b: StageCounts): StageCounts {
    return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The last line of `scripts/test`. No test at all is a failure too. */
export function verdictOf(total: StageCounts): { readonly line: string; readonly exitCode: number } {
    const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
    return {
        line: `${total.passed} passed, ${total.failed} failed${skipped}`,
        exitCode: total.failed > 0 || total.passed === 0 ? 1 : 0,
    };
}

/**
 * The counts in vitest's JSON report. A file that could not be loaded holds no test and counts as one failure; so does
 * a run that failed for another reason, e.g. an error outside any test, or no report.
 */
export function countsOfReport(report: unknown, succeeded: boolean): StageCounts {
    let counts = NO_COUNTS;
    for (const file of listOf(report, "testResults")) {
        const tests = listOf(file, "assertionResults");
        for (const test of tests) counts = sumOf(counts, countOf(textOf(test, "status")));
        const broken =
            textOf(file, "status") === "failed" && !tests.some((test) => textOf(test, "status") === "failed");
        if (broken) counts = sumOf(counts, countOf("failed"));
    }
    const unexplained = counts.failed === 0 && (!succeeded || counts.passed === 0);
    return unexplained ? sumOf(counts, countOf("failed")) : counts;
}

function countOf(status: string): StageCounts {
    if (status === "passed") return { passed: 1, failed: 0, skipped: 0 };
    if (status === "failed") return { passed: 0, failed: 1, skipped: 0 };
    return { passed: 0, failed: 0, skipped: 1 };
}

function listOf(holder: unknown, key: string): readonly unknown[] {
    const value = fieldOf(holder, key);
    return Array.isArray(value) ? value : [];
}

function textOf(holder: unknown, key: string): string {
    const value = fieldOf(holder, key);
    return typeof value === "string" ? value : "";
}

function fieldOf(holder: unknown, key: string): unknown {
    if (typeof holder !== "object" || holder === null) return undefined;
    return Object.entries(holder).find(([name]) => name === key)?.[1];
}
