import { err, ok, type Result } from "../base/result.ts";

/** How many of the peers with a say must have stored a message before it counts as distributed (SPEC 19). */
export type QuorumStrategy =
    | { readonly kind: "any" }
    | { readonly kind: "all" }
    | { readonly kind: "count"; readonly count: number }
    | { readonly kind: "fraction"; readonly fraction: number };

/** `any`, `all`, `count:N` with N from 1 on, or `fraction:F` with F above 0 and at most 1. The error follows "must be". */
export function parseQuorum(text: string): Result<QuorumStrategy, string> {
    if (text === "any" || text === "all") return ok({ kind: text });
    const [, kind, number = ""] = /^(count|fraction):(\d{1,9}(?:\.\d{1,9})?)$/.exec(text) ?? [];
    const value = Number(number);
    if (kind === "count" && Number.isInteger(value) && value >= 1) return ok({ kind, count: value });
    if (kind === "fraction" && value > 0 && value <= 1) return ok({ kind, fraction: value });
    return err("any, all, count:N (N from 1 on) or fraction:F (above 0, at most 1)");
}

/** Peers that must have it, of `total`. Fractions are reckoned in 32-bit floats, as Ember does. */
export function requiredOf(strategy: QuorumStrategy, total: number): number {
    switch (strategy.kind) {
        case "any":
            return Math.min(1, total);
        case "all":
            return total;
        case "count":
            return Math.min(strategy.count, total);
        case "fraction": {
            const exact = Math.fround(Math.fround(total) * Math.fround(strategy.fraction));
            return Math.min(total, Math.max(1, Math.ceil(exact)));
        }
    }
}

/** With nobody to ask nothing is ever distributed. */
export function isSatisfied(strategy: QuorumStrategy, total: number, stored: number): boolean {
    return total > 0 && stored >= requiredOf(strategy, total);
}

/** What suits a number of peers when nobody chose: any of two, two of more. */
export function suitableQuorum(total: number): QuorumStrategy {
    return total <= 2 ? { kind: "any" } : { kind: "count", count: 2 };
}
