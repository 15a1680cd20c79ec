import { KissDeframer, kissBytes } from "../../../hw/kiss/framing.ts";
import { radioOf } from "../../../hw/meshcore-kiss/commands.ts";
import { FirmwareReader } from "../../../hw/rnode/emulated-reader.ts";
import { statusOf } from "../../../hw/rnode/status.ts";
import type { FuzzTarget } from "../target.ts";

const SIZE_MAX = 1_100;
const GOOD = kissBytes({ command: 8, data: Uint8Array.of(0x46) });

/** What a KISS device says to a driver, and what a host says to an emulated one. */
export const target: FuzzTarget = {
    name: "kiss-line",
    corpus: () => [
        GOOD,
        kissBytes({ command: 0, data: Uint8Array.from({ length: 300 }, (_, index) => index) }),
        kissBytes({ command: 0x25, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0xc0, 0xdb, 0xff) }),
        kissBytes({ command: 0x26, data: new Uint8Array(12) }),
        kissBytes({ command: 6, data: Uint8Array.of(0x8b, 0, 0, 0, 1, 0, 0, 0, 1, 9, 5) }),
    ],
    run: (bytes) => {
        const whole = new KissDeframer(SIZE_MAX).push(bytes);
        const deframer = new KissDeframer(SIZE_MAX);
        const single = [...bytes].flatMap((byte) => deframer.push(Uint8Array.of(byte)));
        if (JSON.stringify(single) !== JSON.stringify(whole)) throw new Error("the meaning depends on the chunks");
        let told = 0;
        for (const said of whole) {
            told += said.kind === "noise" ? said.size : 1 + said.frame.data.length;
            if (said.kind === "noise") continue;
            statusOf(said.frame);
            radioOf(said.frame.data.subarray(1));
        }
        if (told > bytes.length) throw new Error(`${told} bytes told of ${bytes.length}`);
        if (deframer.push(GOOD).at(-1)?.kind !== "frame") throw new Error("the deframer did not find its way back");
        const reader = new FirmwareReader();
        const read = reader.push(bytes).reduce((sum, { data }) => sum + data.length, 0);
        if (read > bytes.length) throw new Error("the firmware reads more than there is");
        // The first delimiter may end a data frame, so the frame is said twice.
        reader.push(GOOD);
        if (reader.push(GOOD).at(-1)?.command !== 8) throw new Error("the firmware did not find its way back");
    },
};
