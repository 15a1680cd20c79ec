/**
 * Ember's largest MQTT packet in both directions, in bytes (SPEC section 18). A larger one that reaches an Ember node
 * ends its connection, and it never subscribes again, so none is sent.
 */
export const PACKET_SIZE_MAX = 10_240;

/** Largest packet that is read, in bytes: a payload that a mailbox page can carry, in base64. Larger ones are skipped. */
export const INCOMING_PACKET_SIZE_MAX = 128 * 1024;

/** Publishes without an answer. */
export const PUBLISHES_MAX = 64;

/** Messages that wait for the depot. Beyond them the connection is not read. */
export const ARRIVALS_MAX = 64;

/** A broker that does not acknowledge within this time is left, in milliseconds. */
export const ANSWER_MS_MAX = 30_000;

/** From the first byte to the broker's welcome, in milliseconds. */
export const CONNECT_MS_MAX = 30_000;

/** Ember's own, in seconds. */
export const KEEP_ALIVE_S = 30;

/** How long leaving may take, in milliseconds: the last words and their acknowledgment. */
export const LEAVE_MS_MAX = 2_000;

/** First and longest pause before a new connection, in milliseconds; it doubles. */
export const RECONNECT_MS_FIRST = 1_000;
export const RECONNECT_MS_MAX = 60_000;

/** A connection that held this long counts as good, in milliseconds: the next pause is the first one again. */
export const STEADY_MS = 30_000;

/** Pauses before the depot is asked again, in milliseconds; they double. */
export const DEPOT_MS_FIRST = 500;
export const DEPOT_MS_MAX = 30_000;

/** State for dashboards goes out this often, in milliseconds. */
export const STATE_MS = 60_000;

/** What was thrown away is told at most this often, in milliseconds. */
export const NOTICE_MS = 60_000;
