/** A flaw of Ember's mailbox that Hearth mends on purpose: there a vector passes only with the better answer. */
export interface Mend {
    readonly ember: string;
    readonly hearth: string;
    readonly reason: string;
}

export type MendName = "too_large" | "conflict" | "byte_exact";

/** Largest message that a page can carry. Written out, not imported: the twin must not follow the server into a mistake. */
export const MESSAGE_SIZE_MAX = 49_101;

/** Everything in which the two models of http-twin.ts differ; docs/mailbox.md tells the same to people. */
export const MENDS: Readonly<Record<MendName, Mend>> = {
    too_large: {
        ember: "accepts a message that no fetch page can carry, then answers 500 to every fetch that meets it",
        hearth: `Message too large to be fetched: {size} bytes exceeds max ${MESSAGE_SIZE_MAX}`,
        reason: "the sender learns it at once, and what lies behind the message stays reachable",
    },
    conflict: {
        ember: "reports ok, with a receipt, for a known message id under another routing key, and stores nothing",
        hearth: "Message id is already stored under another routing key",
        reason: "a receipt must mean that the message is stored",
    },
    byte_exact: {
        ember: "encodes a message anew for fetch, so bytes behind it and long varints are gone",
        hearth: "the WirePayload as it was submitted",
        reason: "what leaves a gateway is what entered it, bit for bit",
    },
};
