export interface Sent {
    readonly start: number;
    readonly airtimeMs: number;
}

/**
 * The slow, obvious twin of the ledger: the most airtime that any window of `windowMs` held, for transmissions in the
 * order they were made. The busiest window begins with a transmission or ends with one; all of these are looked at.
 */
export function busiestWindowMs(sent: readonly Sent[], windowMs: number): number {
    let most = 0;
    for (const [index, { start, airtimeMs }] of sent.entries()) {
        most = Math.max(
            most,
            heldBy(sent, index, start, windowMs),
            heldBy(sent, index, start + airtimeMs - windowMs, windowMs),
        );
    }
    return most;
}

/** Airtime in one window that touches the transmission `index`; looks to both sides as far as the window goes. */
function heldBy(sent: readonly Sent[], index: number, from: number, windowMs: number): number {
    let sum = 0;
    const overlap = ({ start, airtimeMs }: Sent): number =>
        Math.max(0, Math.min(start + airtimeMs, from + windowMs) - Math.max(start, from));
    for (let after = index; after < sent.length; after++) {
        const each = sent[after];
        if (!each || each.start >= from + windowMs) break;
        sum += overlap(each);
    }
    for (let before = index - 1; before >= 0; before--) {
        const each = sent[before];
        if (!each || each.start + each.airtimeMs <= from) break;
        sum += overlap(each);
    }
    return sum;
}
