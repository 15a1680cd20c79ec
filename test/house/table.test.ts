import { expect, it } from "vitest";
import { tableOf, verdictOf } from "../../bench/table.ts";

it("judges a figure by its direction", () => {
    const figure = { name: "n", unit: "ms", value: 5 };
    expect(verdictOf({ ...figure, target: 4, better: "lower" })).toBe("missed");
    expect(verdictOf({ ...figure, target: 5, better: "lower" })).toBe("ok");
    expect(verdictOf({ ...figure, target: 6, better: "higher" })).toBe("missed");
    expect(verdictOf({ ...figure, target: 4, better: "higher" })).toBe("ok");
    expect(verdictOf({ ...figure, target: null, better: "higher" })).toBe("");
});

it("puts the numbers under each other", () => {
    const table = tableOf([
        { name: "a", value: 12345.6, unit: "ops/s", target: 8000, better: "higher" },
        { name: "long", value: 0.5, unit: "ratio", target: null, better: "higher" },
    ]);
    expect(table.split("\n")).toEqual(["  a     12,346  ops/s  aim >= 8,000  ok", "  long    0.50  ratio"]);
});
