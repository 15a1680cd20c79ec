/** A flaw of Ember's mailbox that Hearth mends on purpose: there a vector passes only with the better answer. */
export interface Mend {
    readonly name: "too_large" | "conflict" | "byte_exact";
    readonly ember: string;
    readonly hearth: string;
    readonly reason: string;
}

/** What the twin in http-twin.ts applies, in words; docs/mailbox.md tells the same to people. */
export const MENDS: readonly Mend[] = [
    {
        name: "too_large",
        ember: "accepts a message that no fetch page can carry, then answers 500 to every fetch that meets it",
        hearth: 'frame error "Message too large to be fetched: N bytes exceeds max 49101", nothing stored',
        reason: "the sender learns it at once, and what lies behind the message stays reachable",
    },
    {
        name: "conflict",
        ember: "reports ok, with a receipt, for a known message id under another routing key, and stores nothing",
        hearth: 'frame error "Message id is already stored under another routing key"',
        reason: "a receipt must mean that the message is stored",
    },
    {
        name: "byte_exact",
        ember: "encodes a message anew for fetch, so bytes after it and long varints are gone",
        hearth: "gives back the WirePayload as it was submitted",
        reason: "what leaves a gateway is what entered it, bit for bit",
    },
];
