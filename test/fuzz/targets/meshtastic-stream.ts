import { frameOf, PACKET_BYTES_MAX, StreamDeframer } from "../../../hw/meshtastic/framing.ts";
import { isFromRadio } from "../../../hw/meshtastic/messages.ts";
import { Session } from "../../../hw/meshtastic/session.ts";
import { concatBytes, utf8 } from "../../../src/base/bytes.ts";
import type { FuzzTarget } from "../target.ts";

/** FromRadio with configCompleteId 99. */
const GOOD = Uint8Array.of(0x38, 99);
/** my_info, config.lora with region and hop limit, a node with a name, a packet on port 256, a queue status, a restart. */
const MESSAGES: readonly (readonly number[])[] = [
    [0x1a, 4, 0x08, 17, 0x40, 3],
    [0x2a, 6, 0x32, 4, 0x38, 3, 0x40, 5],
    [0x22, 8, 0x08, 34, 0x12, 4, 0x12, 2, 0x41, 0xc3],
    [0x12, 18, 0x0d, 34, 0, 0, 0, 0x15, 17, 0, 0, 0, 0x22, 6, 0x08, 0x80, 0x02, 0x12, 1, 7],
    [0x5a, 6, 0x10, 16, 0x18, 16, 0x20, 9],
    [0x40, 1],
];

/** A node's bytes mean the same whole or byte by byte, and whatever they are, the session goes on. */
export const target: FuzzTarget = {
    name: "meshtastic-stream",
    corpus: () => [
        ...MESSAGES.map((message) => frameOf(Uint8Array.from(message))),
        concatBytes(utf8("INFO | tick\r\n"), frameOf(GOOD), Uint8Array.of(0x94, 0xc3, 1, 255)),
    ],
    run: (bytes) => {
        const whole = new StreamDeframer(isFromRadio).push(bytes);
        const deframer = new StreamDeframer(isFromRadio);
        const single = [...bytes].flatMap((byte) => deframer.push(Uint8Array.of(byte)));
        if (JSON.stringify(single) !== JSON.stringify(whole)) throw new Error("the meaning depends on the chunks");
        hearAll(whole);
        deframer.push(new Uint8Array(PACKET_BYTES_MAX + 4));
        const found = deframer.push(frameOf(GOOD)).at(-1);
        if (found?.[1] !== GOOD[1]) throw new Error("the deframer did not find its way back");
    },
};

function hearAll(packets: readonly Uint8Array[]): void {
    const entropy = { fill: (bytes: Uint8Array): void => void bytes.fill(1) };
    const session = new Session({ label: "fuzz", portNumber: 256, entropy });
    session.handle({ kind: "start" }, 0);
    session.handle({ kind: "opened" }, 0);
    session.handle({ kind: "tick" }, 1_000);
    for (const bytes of packets) session.handle({ kind: "packet", bytes }, 2_000);
    const deadline = session.deadline();
    if (deadline === undefined) throw new Error("the session has stopped waiting");
    session.handle({ kind: "tick" }, deadline);
}
