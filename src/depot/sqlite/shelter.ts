import type { RelayStore } from "../store.ts";
import { isDamage } from "./damage.ts";

/** What a damaged file tells those who look outside of a commit: nothing to send, nothing there. */
export const UNREADABLE: { readonly [Name in keyof RelayStore]?: () => ReturnType<RelayStore[Name]> } = {
    message: () => undefined,
    tombstone: () => undefined,
    mailboxFill: () => ({ messages: 0, bytes: 0 }),
    totalFill: () => ({ messages: 0, bytes: 0 }),
    tombstoneCounts: () => ({ proven: 0, unproven: 0 }),
    dueOffers: () => [],
    nextOfferAt: () => undefined,
    neverOffered: () => [],
    latestReceipt: () => undefined,
    openOffers: () => [],
    deliveries: () => [],
    confirmedBefore: () => [],
    expired: () => [],
    liveMessages: () => [],
};

export interface Shelter {
    readonly onError: (cause: unknown) => void;
    /** Inside a commit every error must be thrown, so that nothing is decided on half a truth. */
    readonly isInWork: () => boolean;
}

/**
 * Every function of `door`, with `onError` told of what it throws. Where damage is met outside of a commit, those with a
 * `substitute` return that: senders look into the depot from timers, where a throw would end the process.
 */
export function sheltered<Door extends object>(
    door: Door,
    substitutes: Readonly<Record<string, (() => unknown) | undefined>>,
    { onError, isInWork }: Shelter,
): Door {
    const entries = Object.entries(door).map(([name, call]) => [
        name,
        (...args: unknown[]) => {
            try {
                return call(...args);
            } catch (cause) {
                onError(cause);
                const substitute = substitutes[name];
                if (substitute === undefined || !isDamage(cause) || isInWork()) throw cause;
                return substitute();
            }
        },
    ]);
    return Object.fromEntries(entries) as Door;
}
