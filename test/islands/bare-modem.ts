import { Air } from "../../hw/air/air.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";
import { settled } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { KINDS, type KindName } from "./kinds.ts";
import { memoryWire } from "./wires.ts";

/** So many full frames back to back. */
const FRAMES = 20;

/** One full frame of a modem that sends without an end and without anything in its way: the most that it can do. */
export interface BareModem {
    readonly frameSize: number;
    readonly airBytes: number;
    readonly airtimeMs: number;
    readonly tookMs: number;
}

export async function bareModem(kind: KindName): Promise<BareModem> {
    const clock = new VirtualClock();
    const air = new Air({ clock, seed: 1 });
    const { modem } = await KINDS[kind]({ air, clock, number: 1, wire: memoryWire });
    const diary = new ModemDiary();
    modem.start(diary.handlers);
    if (!(await clock.runUntil(() => diary.isUp, 120_000))) throw new Error(`${kind} does not come up`);
    const frameSize = modem.traits.frameSizeMax;
    const frame = Uint8Array.from({ length: frameSize }, (_, index) => (index * 37) & 255);
    const begun = clock.now().monotonic;
    for (let count = 0; count < FRAMES; count++) {
        const sent = await settled(clock, modem.send(frame, testPermit()));
        if (!sent.ok) throw new Error(`${kind}: ${sent.error.detail}`);
    }
    const tookMs = (clock.now().monotonic - begun) / FRAMES;
    await modem.stop();
    const { bytes, airtimeMs } = air.statistics;
    return { frameSize, airBytes: bytes / FRAMES, airtimeMs: airtimeMs / FRAMES, tookMs };
}
