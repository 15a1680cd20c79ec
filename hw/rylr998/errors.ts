/** What the module's error numbers mean, and what to do (command guide, "Error result codes"). */
const MEANINGS: Readonly<Record<number, string>> = {
    1: "a command came without its line end: the serial line loses bytes",
    2: 'a command did not begin with "AT": the serial line loses bytes',
    // RYLR896 only.
    3: 'a command has no "=": the serial line loses bytes',
    4: "the module does not know this command or value: is the right model set?",
    5: "length and data of a packet differ: turn `binary` off for this firmware",
    10: "sending took too long: try a lower spreading factor",
    // RYLR896 only.
    11: "receiving took too long",
    12: "a packet was received damaged",
    13: "the packet has more than 240 bytes",
    14: "the module cannot write its flash: it may be worn out",
    15: "the module failed for a reason it does not name: unplug it and plug it in again",
    17: "the last packet is still being sent",
    18: "this preamble is only allowed with network 18",
    19: "a packet was received with a damaged header",
    20: "these smart receive times are not allowed",
};

/** Codes that speak of a packet from the air; they may come at any time and answer no command. */
const ABOUT_RECEIVING = new Set([11, 12, 19]);

export const BUSY_CODE = 17;

export function isAboutReceiving(code: number): boolean {
    return ABOUT_RECEIVING.has(code);
}

export function meaningOf(code: number): string {
    return MEANINGS[code] ?? "unknown to the command guide";
}
