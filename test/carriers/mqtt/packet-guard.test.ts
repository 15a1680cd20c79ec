import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import { expect, it } from "vitest";
import { PacketGuard } from "../../../src/carriers/mqtt/packet-guard.ts";

const SIZE_MAX = 500;

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

const packet: fc.Arbitrary<Packet> = fc.oneof(
    fc.record({
        cmd: fc.constant("publish" as const),
        topic: fc.string({ minLength: 1, maxLength: 20 }),
        payload: fc.oneof(fc.nat(300), fc.integer({ min: 600, max: 3_000 })).map((size) => "x".repeat(size)),
        qos: fc.constantFrom(0 as const, 1 as const),
        messageId: fc.integer({ min: 1, max: 65_535 }),
        dup: fc.constant(false),
        retain: fc.boolean(),
    }),
    fc.constant<Packet>({ cmd: "pingresp" }),
    fc.integer({ min: 1, max: 65_535 }).map<Packet>((messageId) => ({ cmd: "puback", messageId })),
);

it("lets through exactly the packets that are small enough, wherever the stream is cut", () => {
    fc.assert(
        fc.property(fc.array(packet, { maxLength: 8 }), fc.array(fc.nat(8_000), { maxLength: 40 }), (packets, cuts) => {
            const isLarge = (each: Packet): boolean => each.cmd === "publish" && generate(each).length > SIZE_MAX + 3;
            const { passed, skipped, broken } = run(Buffer.concat(packets.map((each) => generate(each))), cuts);
            const small = Buffer.concat(packets.filter((each) => !isLarge(each)).map((each) => generate(each)));
            expect(Buffer.from(passed).equals(small)).toBe(true);
            const ids = packets
                .filter(isLarge)
                .map((each) => (each.cmd === "publish" && each.qos > 0 ? each.messageId : undefined));
            expect(skipped).toEqual(ids);
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
