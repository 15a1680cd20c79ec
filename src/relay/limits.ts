/** What one gateway keeps at most. Everything above is refused with a reason, never dropped in silence. */
export interface RelayLimits {
    /** Messages of one routing key, as Ember's `max_messages`. */
    readonly mailboxMessagesMax: number;
    readonly totalMessagesMax: number;
    readonly totalBytesMax: number;
    /** Life of a message that names no ttl, from its receipt, in seconds. */
    readonly ttlDefaultS: number;
}

export const RELAY_LIMITS_DEFAULT: RelayLimits = {
    mailboxMessagesMax: 1000,
    totalMessagesMax: 500_000,
    totalBytesMax: 1024 * 1024 * 1024,
    ttlDefaultS: 7 * 24 * 3600,
};

/** How long a used tombstone is remembered, in seconds; Ember names 240 hours as the greatest age of a tombstone. */
export const TOMBSTONE_MEMORY_S = 240 * 3600;

/** Tombstones of messages that were here. Beyond it a tombstone still deletes, but is neither kept nor passed on. */
export const TOMBSTONES_PROVEN_MAX = 500_000;

/** Tombstones that came before their message: anybody can make these, so they get little room. */
export const TOMBSTONES_UNPROVEN_MAX = 1_000;

/** Rows that one sweep removes in one transaction. */
export const SWEEP_ROWS_MAX = 500;

/** Items that one step of the catching-up for a new carrier looks at. */
export const CATCH_UP_ITEMS_MAX = 500;

/** Deliveries that are remembered, and for how long after the last try, in seconds. */
export const DELIVERIES_MAX = 500_000;
export const DELIVERY_MEMORY_S = 7 * 24 * 3600;

/** Messages that one refresh brings to one carrier again. */
export const REFRESH_ITEMS_MAX = 100;
