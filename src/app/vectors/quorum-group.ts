import { PAUSES, pauseMs, URGENT } from "../../relay/pauses.ts";
import { isSatisfied, parseQuorum, type QuorumStrategy, requiredOf, suitableQuorum } from "../../relay/quorum.ts";
import { type Check, firstOf, type Group, type Problem, same } from "./check.ts";
import type { Fields } from "./fields.ts";

export const quorum: Group = {
    required(fields) {
        const strategy = parseQuorum(fields.text("strategy"));
        if (!strategy.ok) return `refused: ${strategy.error}`;
        const total = fields.number("total");
        const enough = Array.from({ length: total }, (_, index) => index + 1).filter((stored) =>
            isSatisfied(strategy.value, total, stored),
        );
        return firstOf(
            same("the number required", requiredOf(strategy.value, total), fields.number("required")),
            fields.has("satisfied_by")
                ? same("what satisfies", enough, fields.array("satisfied_by"))
                : same("the least that satisfies", enough[0], fields.number("satisfied_from")),
        );
    },
    invalid: (fields) => same("valid", parseQuorum(fields.text("strategy")).ok, !fields.flag("invalid")),
    smart_default: (fields) =>
        same("the strategy", rustName(suitableQuorum(fields.number("total"))), fields.text("strategy")),
};

function rustName(strategy: QuorumStrategy): string {
    return strategy.kind === "count" ? `Count(${strategy.count})` : "Any";
}

/** The caps of the pauses stand in an object of lists. */
export function pauseChecks(caps: Fields): readonly Check[] {
    return caps
        .keys()
        .filter((key) => Array.isArray(caps.raw(key)))
        .map((key) => ({ name: `retry_caps_ms.${key}`, run: () => pausesOf(key, caps.array(key)) }));
}

function pausesOf(key: string, caps: readonly unknown[]): Problem {
    if (key === "urgent_tiered")
        return same(
            "the caps",
            caps.map((_, index) => pauseMs(URGENT, index + 1)),
            caps,
        );
    const policy = new Map(Object.entries(PAUSES)).get(key);
    if (!policy) return "nobody knows this policy";
    return same(
        "the caps",
        caps.map((_, index) => pauseMs(policy, index)),
        caps,
    );
}
