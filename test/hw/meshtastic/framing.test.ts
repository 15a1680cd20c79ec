import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameOf, PACKET_BYTES_MAX, StreamDeframer, WAKE_BYTES } from "../../../hw/meshtastic/framing.ts";
import { isFromRadio } from "../../../hw/meshtastic/messages.ts";
import { concatBytes, utf8 } from "../../../src/base/bytes.ts";
import { survive } from "../../support/hostile.ts";

const SEED = 20_261_125;
const SEQUENCES = 1_000_000;
const TIMEOUT_MS = 20_000;

/** FromRadio with configCompleteId (field 7) and one of its numbers. */
const packet = (number: number): Uint8Array => Uint8Array.of(0x38, number & 0x7f);
const three = concatBytes(...[1, 2, 3].map((number) => frameOf(packet(number))));
const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
/** FromRadio with a LogRecord (field 6) whose message (field 1) is `text`. */
function logRecord(text: Uint8Array): Uint8Array {
    return Uint8Array.of(0x32, text.length + 2, 0x0a, text.length, ...text);
}

function numbersOf(packets: readonly Uint8Array[]): readonly (number | undefined)[] {
    return packets.map((bytes) => bytes[1]);
}

describe("the deframer finds every whole frame", () => {
    it.each<[string, Uint8Array]>([
        ["after a stray first start byte", Uint8Array.of(0x94, 0x41)],
        ["after a doubled start byte", Uint8Array.of(0x94, 0x94)],
        ["after debug text", utf8("INFO  | ??:??:?? 12 [Power] Battery: usbPower=1\r\n")],
        ["after a length that cannot be", Uint8Array.of(0x94, 0xc3, 0xff, 0xff)],
        ["after a length of nothing", Uint8Array.of(0x94, 0xc3, 0, 0)],
        ["after a length one too long", Uint8Array.of(0x94, 0xc3, 0x02, 0x01)],
        ["after the wake-up of another program", WAKE_BYTES],
        ["after a frame of what is no packet", Uint8Array.of(0x94, 0xc3, 0, 3, 0xff, 0xff, 0xff)],
    ])("%s", (_, noise) => {
        const deframer = new StreamDeframer(isFromRadio);
        expect(numbersOf(deframer.push(concatBytes(noise, three)))).toEqual([1, 2, 3]);
        expect(deframer.noiseBytes).toBe(noise.length);
    });

    it("after a possible length in debug text, once as many bytes have come", () => {
        const deframer = new StreamDeframer(isFromRadio);
        const begun = concatBytes(Uint8Array.of(0x94, 0xc3, 0, 100), utf8("text"), three);
        expect(deframer.push(begun)).toEqual([]);
        expect(numbersOf(deframer.push(new Uint8Array(100)))).toEqual([1, 2, 3]);
    });

    it("inside of what never ends, when the line has been silent", () => {
        const deframer = new StreamDeframer(isFromRadio);
        deframer.push(concatBytes(Uint8Array.of(0x94, 0xc3, 1, 255), three, Uint8Array.of(0x94, 0xc3, 0, 9, 1)));
        expect(deframer.isInside).toBe(true);
        expect(numbersOf(deframer.expire())).toEqual([1, 2, 3]);
        expect(deframer.isInside).toBe(false);
    });

    it("whatever it carries, also starts of frames, cut anywhere", () => {
        const text = fc.uint8Array({ minLength: 0, maxLength: 60 }).map((bytes) => bytes.map((byte) => byte & 0x7f));
        fc.assert(
            fc.property(fc.array(text, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 90 })), (texts, cuts) => {
                const packets = texts.map((bytes) =>
                    Uint8Array.of(0x32, bytes.length + 4, 0x12, bytes.length + 2, 0x94, 0xc3, ...bytes),
                );
                const deframer = new StreamDeframer(() => true);
                const stream = concatBytes(...packets.flatMap((bytes) => [utf8("log\n"), frameOf(bytes)]));
                const found: Uint8Array[] = [];
                let at = 0;
                for (const cut of [...cuts, stream.length]) {
                    found.push(...deframer.push(stream.subarray(at, at + cut)));
                    at += cut;
                }
                expect(found).toEqual(packets);
            }),
        );
    });

    it("up to the longest that a node sends", () => {
        const deframer = new StreamDeframer(() => true);
        const longest = new Uint8Array(PACKET_BYTES_MAX).fill(0x94);
        expect(deframer.push(frameOf(longest))).toEqual([longest]);
        expect(() => frameOf(new Uint8Array(PACKET_BYTES_MAX + 1))).toThrow(/513/);
    });
});

it(`a million hostile sequences cost no good frame behind them, seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
    const corpus = [
        frameOf(packet(5)),
        frameOf(logRecord(utf8("hello"))),
        utf8("DEBUG | Ready to send\r\n"),
        concatBytes(frameOf(packet(1)), utf8("x"), frameOf(logRecord(Uint8Array.of(0x94, 0xc3, 0, 4)))),
    ];
    survive({
        parser: new StreamDeframer(isFromRadio),
        corpus: corpus.map(latin1),
        good: latin1(frameOf(packet(99))),
        isGood: (bytes) => (bytes as Uint8Array)[1] === 99,
        flush: new Uint8Array(PACKET_BYTES_MAX + 4),
        sequences: SEQUENCES,
        seed: SEED,
    });
});
