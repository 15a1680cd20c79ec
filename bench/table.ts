import type { Figure } from "./figure.ts";

/** The figures of one bench for people, a line each; the numbers stand right-aligned under each other. */
export function tableOf(figures: readonly Figure[]): string {
    const rows = figures.map((figure) => [
        figure.name,
        shortNumber(figure.value),
        figure.unit,
        figure.target === null ? "" : `aim ${figure.better === "higher" ? ">=" : "<="} ${shortNumber(figure.target)}`,
        verdictOf(figure),
    ]);
    const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
    return rows
        .map((row) => {
            const cells = row.map((cell, column) =>
                column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
            );
            return `  ${cells.join("  ")}`.trimEnd();
        })
        .join("\n");
}

export function verdictOf({ value, target, better }: Figure): "ok" | "missed" | "" {
    if (target === null) return "";
    return (better === "higher" ? value >= target : value <= target) ? "ok" : "missed";
}

function shortNumber(value: number): string {
    const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2;
    return value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
