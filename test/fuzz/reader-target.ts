import type { Reader, Said } from "../../hw/at/said.ts";
import type { FuzzTarget } from "./target.ts";

interface ReaderTarget {
    readonly name: string;
    makeReader(): Reader;
    readonly lineBytesMax: number;
    readonly lines: readonly string[];
    /** One packet with "good" in it. */
    readonly good: string;
}

/** A module's bytes mean the same whole or byte by byte, cost what they tell, and never keep a good packet away. */
export function readerTarget({ name, makeReader, lineBytesMax, lines, good }: ReaderTarget): FuzzTarget {
    return {
        name,
        corpus: () => lines.map(bytesOf),
        run: (bytes) => {
            const whole = makeReader().push(bytes);
            const reader = makeReader();
            const single = [...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)));
            if (JSON.stringify(single) !== JSON.stringify(whole)) throw new Error("the meaning depends on the chunks");
            const told = whole.reduce((sum, said) => sum + sizeOf(said), 0);
            if (told > bytes.length) throw new Error(`${told} bytes told of ${bytes.length}`);
            // Whatever came before, a packet of its own is understood once the begun line is over.
            const after = reader.push(bytesOf(`${"\n".repeat(lineBytesMax)}${good}`)).at(-1);
            if (after?.kind !== "received" || String.fromCharCode(...after.data) !== "good")
                throw new Error("the reader did not find its way back");
        },
    };
}

/** The least that each thing said must have cost on the line, in bytes. */
function sizeOf(said: Said): number {
    switch (said.kind) {
        case "received":
            return 2 * said.data.length;
        case "noise":
            return said.size;
        case "value":
            return said.value.length + 2;
        default:
            return "AT_X\n".length;
    }
}

function bytesOf(text: string): Uint8Array {
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
