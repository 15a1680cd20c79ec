const MEANINGS: Readonly<Record<number, string>> = {
    1: "the radio chip does not start",
    2: "the packet could not be sent",
    3: "its settings memory is locked",
    4: "its queue is full",
    5: "its memory is low",
    6: "the radio chip does not answer",
};

export const TRANSMIT_FAILED = 2;
export const QUEUE_FULL = 4;
export const MEMORY_LOW = 5;

/** What an error frame means, for people. */
export function meaningOf(code: number): string {
    return `error ${code}, ${MEANINGS[code] ?? "unknown to this driver"}`;
}
