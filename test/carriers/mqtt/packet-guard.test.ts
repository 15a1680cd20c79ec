import fc from "fast-check";
import { expect, it } from "vitest";
import { PacketGuard } from "../../../src/carriers/mqtt/packet-guard.ts";

const SIZE_MAX = 500;

interface Packet {
    readonly first: number;
    readonly body: readonly number[];
    /** Of a publish with QoS 1. */
    readonly id?: number;
}

/** MQTT 3.1.1 section 2.2: the length in digits of seven bits, the low ones first. */
function bytesOf({ first, body }: Packet): Uint8Array {
    const length: number[] = [];
    for (let left = body.length; length.length === 0 || left > 0; left >>= 7)
        length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    return Uint8Array.from([first, ...length, ...body]);
}

function run(bytes: Uint8Array, cuts: readonly number[]) {
    const skipped: (number | undefined)[] = [];
    let broken = 0;
    const guard = new PacketGuard({
        sizeMax: SIZE_MAX,
        onSkipped: (id) => skipped.push(id),
        onBroken: () => broken++,
    });
    const passed: number[] = [];
    let from = 0;
    for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
        const to = Math.min(Math.max(from, cut), bytes.length);
        for (const piece of guard.feed(bytes.subarray(from, to))) passed.push(...piece);
        from = to;
    }
    return { passed: Uint8Array.from(passed), skipped, broken };
}

const uint16 = (value: number): readonly number[] => [value >> 8, value & 0xff];
const id = fc.integer({ min: 1, max: 65_535 });
const topic = fc.array(fc.integer({ min: 32, max: 126 }), { minLength: 1, maxLength: 20 });
const size = fc.oneof(fc.nat(300), fc.integer({ min: 600, max: 3_000 }));

const packet: fc.Arbitrary<Packet> = fc.oneof(
    fc.tuple(topic, size).map(([name, length]) => ({
        first: 0x30,
        body: [...uint16(name.length), ...name, ...new Uint8Array(length)],
    })),
    fc.tuple(topic, size, id).map(([name, length, number]) => ({
        first: 0x32,
        body: [...uint16(name.length), ...name, ...uint16(number), ...new Uint8Array(length)],
        id: number,
    })),
    fc.constant({ first: 0xd0, body: [] }),
    id.map((number) => ({ first: 0x40, body: uint16(number) })),
);

it("lets through exactly the packets that are small enough, wherever the stream is cut", () => {
    fc.assert(
        fc.property(fc.array(packet, { maxLength: 8 }), fc.array(fc.nat(8_000), { maxLength: 40 }), (packets, cuts) => {
            const isLarge = ({ body }: Packet): boolean => body.length > SIZE_MAX;
            const { passed, skipped, broken } = run(Buffer.concat(packets.map(bytesOf)), cuts);
            const small = Buffer.concat(packets.filter((each) => !isLarge(each)).map(bytesOf));
            expect(Buffer.from(passed).equals(small)).toBe(true);
            expect(skipped).toEqual(packets.filter(isLarge).map((each) => each.id));
            expect(broken).toBe(0);
        }),
    );
});

it("never throws and passes no more than came, whatever the bytes", () => {
    fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.array(fc.nat(2_000)), (bytes, cuts) => {
            const { passed, broken } = run(bytes, cuts);
            expect(passed.length).toBeLessThanOrEqual(bytes.length);
            expect(broken).toBeLessThanOrEqual(1);
        }),
    );
});

it.each([
    ["a length of five bytes", [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["an answer as large as a message", [0x40, 0xff, 0xff, 0x7f, 0, 1]],
])("%s ends it", (_, bytes) => {
    expect(run(Uint8Array.from([...bytes, ...bytes]), [])).toMatchObject({ broken: 1, passed: new Uint8Array(0) });
});
