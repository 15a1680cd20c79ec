import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FEND, FESC, KissDeframer, type KissFrame, type KissSaid, kissBytes } from "../../hw/kiss/framing.ts";
import { statusOf } from "../../hw/rnode/status.ts";
import { makeRandom, mutate } from "../fuzz/mutate.ts";

const SIZE_MAX = 64;
/** A million short sequences take some seconds. */
const HOSTILE_MS = 30_000;
const HOSTILE_COUNT = 1_000_000;

const frames = fc.record({
    command: fc.nat({ max: 255 }),
    data: fc.uint8Array({ maxLength: SIZE_MAX - 1 }).map((bytes) => Uint8Array.from(bytes)),
});

function read(...bytes: readonly number[]): readonly KissSaid[] {
    return new KissDeframer(SIZE_MAX).push(Uint8Array.from(bytes));
}

const GOOD = { command: 0x25, data: Uint8Array.of(FEND, 1, FESC, 2) };
const GOOD_BYTES = kissBytes(GOOD);

function isGood({ command, data }: KissFrame): boolean {
    return command === GOOD.command && data.length === 4 && data.every((byte, index) => byte === GOOD.data[index]);
}

function sizeOf(said: KissSaid): number {
    return said.kind === "noise" ? said.size : 1 + said.frame.data.length;
}

/** Half of them frames with faults in them, half of them chance. */
function* hostileSequences(count: number): Generator<Uint8Array> {
    const random = makeRandom(1, "kiss");
    const corpus = [GOOD_BYTES, kissBytes({ command: 0, data: new Uint8Array(20).fill(FESC) })];
    for (let index = 0; index < count; index++)
        yield index % 2 === 0 ? mutate(corpus, random) : Uint8Array.from({ length: random(24) }, () => random(256));
}

function heard(frame: KissFrame): KissSaid {
    return { kind: "frame", frame };
}

describe("KISS framing", () => {
    it.each<[string, readonly number[], readonly KissSaid[]]>([
        ["a frame", [FEND, 8, 0x46, FEND], [heard({ command: 8, data: Uint8Array.of(0x46) })]],
        ["empty frames", [FEND, FEND, FEND, 8, FEND, FEND], [heard({ command: 8, data: new Uint8Array(0) })]],
        [
            "frames that share a delimiter",
            [FEND, 1, 2, FEND, 3, FEND],
            [heard({ command: 1, data: Uint8Array.of(2) }), heard({ command: 3, data: new Uint8Array(0) })],
        ],
        [
            "escapes",
            [FEND, 0, FESC, 0xdc, FESC, 0xdd, 0xdc, FEND],
            [heard({ command: 0, data: Uint8Array.of(FEND, FESC, 0xdc) })],
        ],
        ["bytes before the first delimiter", [65, 66, 67, FEND], [{ kind: "noise", size: 3 }]],
        ["a wrong escape", [FEND, 0, FESC, 1, 2, FEND], [{ kind: "noise", size: 4 }]],
        ["an escape without its second half", [FEND, 0, FESC, FEND], [{ kind: "noise", size: 2 }]],
        ["more than fits", [FEND, ...Array(SIZE_MAX + 1).fill(1), FEND], [{ kind: "noise", size: SIZE_MAX + 1 }]],
    ])("%s", (_, bytes, said) => expect(read(...bytes)).toEqual(said));

    it("brings every frame back, however the bytes are cut", () => {
        fc.assert(
            fc.property(fc.array(frames, { maxLength: 8 }), fc.array(fc.nat({ max: 40 })), (sent, cuts) => {
                const all = Uint8Array.from(sent.flatMap((frame) => [...kissBytes(frame)]));
                const deframer = new KissDeframer(SIZE_MAX);
                const said: KissSaid[] = [];
                let at = 0;
                for (const cut of [...cuts, all.length]) {
                    said.push(...deframer.push(all.subarray(at, at + cut)));
                    at += cut;
                }
                expect(said).toEqual(sent.map(heard));
            }),
        );
    });

    it(`finds the next good frame after each of ${HOSTILE_COUNT} hostile sequences`, { timeout: HOSTILE_MS }, () => {
        // One deframer for all: what one sequence leaves behind is what the next one finds.
        const deframer = new KissDeframer(SIZE_MAX);
        let lost = 0;
        let pushed = 0;
        let told = 0;
        for (const hostile of hostileSequences(HOSTILE_COUNT)) {
            const said = [...deframer.push(hostile), ...deframer.push(GOOD_BYTES)];
            const last = said.at(-1);
            if (last?.kind !== "frame" || !isGood(last.frame)) lost++;
            pushed += hostile.length + GOOD_BYTES.length;
            told += said.reduce((sum, each) => sum + sizeOf(each), 0);
        }
        expect(lost).toBe(0);
        expect(told).toBeLessThanOrEqual(pushed);
    });
});

describe("an RNode's status", () => {
    it("is read as the firmware writes it", () => {
        const channel = Uint8Array.of(0x01, 0xf4, 0, 100, 0x27, 0x10, 0, 0, 45, 50, 0xff);
        expect(statusOf({ command: 0x25, data: channel })).toEqual({
            kind: "channel",
            airtimeShortPercent: 5,
            airtimeLongPercent: 1,
            loadShortPercent: 100,
            loadLongPercent: 0,
            rssiDbm: -112,
            noiseFloorDbm: -107,
            interferenceDbm: undefined,
        });
        expect(statusOf({ command: 0x25, data: channel.with(10, 57) })).toMatchObject({ interferenceDbm: -100 });
        expect(statusOf({ command: 0x27, data: Uint8Array.of(2, 255) })).toEqual({
            kind: "battery",
            state: 2,
            percent: 100,
        });
        expect(statusOf({ command: 0x28, data: Uint8Array.of(2, 15, 29) })).toMatchObject({
            slotsMin: 15,
            slotsMax: 29,
        });
    });

    it("of another length is none", () => {
        for (const command of [0x25, 0x26, 0x27, 0x28, 0x29])
            expect(statusOf({ command, data: new Uint8Array(5) })).toBeUndefined();
    });
});
