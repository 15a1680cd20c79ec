/** How the pause before another try grows with the tries so far. */
export interface PausePolicy {
    readonly firstMs: number;
    readonly factor: number;
    readonly maxMs: number;
}

/** While no quorum has the message (SPEC 19): 5, 10, 20, 40 and then 60 s. */
export const URGENT: PausePolicy = { firstMs: 5_000, factor: 2, maxMs: 60_000 };

/** Ember's policies by medium. */
export const PAUSES = {
    http: { firstMs: 5_000, factor: 2, maxMs: 300_000 },
    lora: { firstMs: 60_000, factor: 1.5, maxMs: 3_600_000 },
    ble: { firstMs: 10_000, factor: 2, maxMs: 600_000 },
    direct: { firstMs: 2_000, factor: 2, maxMs: 60_000 },
} as const satisfies Readonly<Record<string, PausePolicy>>;

/** Beyond this many tries no policy grows any more. */
const GROWTHS_MAX = 64;

/** The pause in milliseconds after `failures` tries, from 1 on; none before the first. */
export function pauseMs({ firstMs, factor, maxMs }: PausePolicy, failures: number): number {
    return failures < 1 ? 0 : Math.min(maxMs, firstMs * factor ** Math.min(failures - 1, GROWTHS_MAX));
}

/** How often one item is handed to a middleman that answers for nothing; the last time ends the offer. */
export const HANDOVERS_MAX = 4;
/** All repeats fall within 31 minutes, inside the hour for which Ember's MQTT nodes remember what they have seen. */
const HANDOVER: PausePolicy = { firstMs: 60_000, factor: 5, maxMs: 1_500_000 };

/** The pause after handover number `handovers` + 1, spread like `spreadPauseMs`; undefined when it was the last. */
export function handoverPauseMs(handovers: number, messageId: Uint8Array): number | undefined {
    return handovers + 1 >= HANDOVERS_MAX ? undefined : spreadPauseMs(HANDOVER, handovers + 1, messageId);
}

/**
 * The pause with a spread of a quarter either way out of the message id, so that many items that failed together do not
 * all come back in the same moment, and a test still knows the answer.
 */
export function spreadPauseMs(policy: PausePolicy, failures: number, messageId: Uint8Array): number {
    return Math.round(pauseMs(policy, failures) * (0.75 + (messageId[15] ?? 0) / 512));
}
