import { DialogueReader, LINE_BYTES_MAX, type Said } from "../../../hw/rylr998/dialogue.ts";
import type { FuzzTarget } from "../target.ts";

const LINES = [
    "+OK\r\n",
    "+ERR=17\r\n",
    "+RESET\r\n+READY\r\n",
    "+PARAMETER=9,7,1,12\r\n",
    "+BAND=868100000\r\n",
    "+RCV=50,5,HELLO,-99,40\r\n",
    "+RCV=65535,11,a,b\r\n+OK\r\n\xff,-120,-20\r\n+OK\r\n",
    "\x00\xff+RCV=1,241,\r\n",
];

/** What a serial line says to the driver: whole or byte by byte it means the same, and every byte is accounted for. */
export const target: FuzzTarget = {
    name: "rylr998-line",
    corpus: () => LINES.map(bytesOf),
    run: (bytes) => {
        const whole = new DialogueReader().push(bytes);
        const reader = new DialogueReader();
        const single = [...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)));
        if (JSON.stringify(single) !== JSON.stringify(whole)) throw new Error("the meaning depends on the chunks");
        const told = whole.reduce((sum, said) => sum + sizeOf(said), 0);
        if (told > bytes.length) throw new Error(`${told} bytes told of ${bytes.length}`);
        // Whatever came before, a line of its own is understood once the longest begun line is over.
        const after = reader.push(bytesOf(`${"\n".repeat(LINE_BYTES_MAX)}+OK\r\n`)).at(-1);
        if (after?.kind !== "ok") throw new Error("the reader did not find its way back");
    },
};

/** The least that each thing said must have cost on the line, in bytes. */
function sizeOf(said: Said): number {
    switch (said.kind) {
        case "ok":
            return "+OK\n".length;
        case "error":
            return "+ERR=1\n".length;
        case "ready":
            return "+READY\n".length;
        case "value":
            return `+${said.name}\n`.length + said.value.length;
        case "received":
            return "+RCV=1,1,,1,1\n".length + said.data.length;
        case "noise":
            return said.size;
    }
}

function bytesOf(text: string): Uint8Array {
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
