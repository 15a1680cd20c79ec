import { ReplyReader } from "../../../hw/ebyte/commands.ts";
import { Deframer, encodeFrame, type Heard } from "../../../hw/ebyte/frame.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import type { FuzzTarget } from "../target.ts";

const HELLO = encodeFrame(Uint8Array.of(72, 101, 108, 108, 111));
const REGISTERS = Uint8Array.of(0xc1, 0, 7, 0, 0, 0, 0x62, 0x20, 18, 0x83);

/** What an EBYTE module says to the driver: whole or byte by byte it means the same, and the next good frame is found. */
export const target: FuzzTarget = {
    name: "ebyte-bytes",
    corpus: () => [
        concatBytes(HELLO, Uint8Array.of(176)),
        concatBytes(HELLO, Uint8Array.of(176), HELLO, Uint8Array.of(12)),
        concatBytes(Uint8Array.of(0xa7, 200), HELLO),
        encodeFrame(new Uint8Array(236).fill(0xa7)),
        Uint8Array.of(0xc1, 0, 2, 146, 170),
        REGISTERS,
        Uint8Array.of(0xff, 0xff, 0xff),
    ],
    run: (bytes) => {
        const [whole, single] = [asking(), asking()];
        const told: Heard[] = [...whole.push(bytes)];
        const piecewise = [...bytes].flatMap((byte) => single.push(Uint8Array.of(byte)));
        if (JSON.stringify(told) !== JSON.stringify(piecewise)) throw new Error("the meaning depends on the chunks");
        told.push(...whole.flush());
        if (whole.heldBytes > 0) throw new Error("something is left after a silence");
        const size = told.reduce((sum, heard) => sum + (heard.kind === "frame" ? heard.bytes.length + 4 : 5), 0);
        if (size > bytes.length) throw new Error(`${size} bytes told of ${bytes.length}`);
        const after = whole.push(concatBytes(HELLO, Uint8Array.of(1))).at(-1);
        if (after?.kind !== "frame" || after.bytes.length !== 5) throw new Error("a good frame was not found");
        new ReplyReader(7).push(bytes);
    },
};

function asking(): Deframer {
    const made = new Deframer("offset");
    made.awaitsAmbient = true;
    return made;
}
