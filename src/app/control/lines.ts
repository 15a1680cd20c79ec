/** Longest line of either side, in bytes. */
export const LINE_BYTES_MAX = 1024 * 1024;

const LF = 0x0a;

/** Takes chunks and gives whole lines; what is longer than `LINE_BYTES_MAX` ends it. */
export function lineReader(onLine: (line: string) => void, onTooLong: () => void): (chunk: Uint8Array) => void {
    let held: Buffer = Buffer.alloc(0);
    return (chunk) => {
        held = Buffer.concat([held, chunk]);
        for (let end = held.indexOf(LF); end >= 0; end = held.indexOf(LF)) {
            const line = held.toString("utf8", 0, end);
            held = held.subarray(end + 1);
            onLine(line);
        }
        if (held.length > LINE_BYTES_MAX) onTooLong();
    };
}
