import { describe, expect, it } from "vitest";
import { givenLoss, type Paths } from "./paths.ts";
import { SimAir, type SimAirOptions, USUAL_PARAMS } from "./sim-air.ts";
import type { HeardFrame, SimStation } from "./sim-station.ts";

const FRAME = Uint8Array.from({ length: 100 }, (_, index) => index);

interface Ear extends SimStation {
    readonly heard: HeardFrame[];
}

function world(count: number, options: Partial<SimAirOptions> = {}): { air: SimAir; stations: readonly Ear[] } {
    const air = new SimAir({ seed: 1, ...options });
    const stations = Array.from({ length: count }, () => {
        const heard: HeardFrame[] = [];
        return Object.assign(air.addStation({ onFrame: (frame) => heard.push(frame) }), { heard });
    });
    return { air, stations };
}

function ears(count: number, options: Partial<SimAirOptions> = {}) {
    const { air, stations } = world(count, options);
    const [a, b, c] = stations;
    if (!a || !b) throw new Error("two stations at least");
    return { air, a, b, c: c ?? b };
}

/** Received powers by sender, the same at every listener. */
function powers(...dbm: readonly number[]): Paths {
    return ({ id }) => ({ powerDbm: dbm[id] ?? -80, loss: 0 });
}

describe("one transmission", () => {
    it("takes its airtime, reaches everybody else, and gives each its own bytes", () => {
        const { air, a, b, c } = ears(3);
        let doneAt = 0;
        const bytes = FRAME.slice();
        a.transmit(bytes, () => {
            doneAt = air.now;
        });
        bytes.fill(0);
        air.run(() => doneAt > 0);
        expect(doneAt).toBeCloseTo(a.airtimeMs(100), 9);
        expect(b.heard[0]?.bytes).toEqual(FRAME);
        b.heard[0]?.bytes.fill(7);
        expect(c.heard[0]?.bytes).toEqual(FRAME);
        expect(a.heard).toEqual([]);
        expect(air.airtimeSentMs).toBeCloseTo(doneAt, 9);
    });

    it("passes stations on another spreading factor by", () => {
        const { air, a } = ears(2);
        const heard: HeardFrame[] = [];
        const params = { ...USUAL_PARAMS, spreadingFactor: 10 };
        const other = air.addStation({ params, onFrame: (frame) => heard.push(frame) });
        a.transmit(FRAME);
        expect(other.isBusy()).toBe(false);
        air.run(10_000);
        expect(heard).toEqual([]);
    });

    it("refuses two frames of one station at once", () => {
        const { a } = ears(2);
        a.transmit(FRAME);
        expect(() => a.transmit(FRAME)).toThrow("two frames at once");
    });
});

describe("half-duplex, collisions and capture", () => {
    it("who sends hears nothing, not even the rest of a frame that began before", () => {
        const { air, a, b } = ears(2);
        a.transmit(FRAME);
        air.schedule(200, () => b.transmit(Uint8Array.of(1)));
        air.run(10_000);
        expect([a.heard.length, b.heard.length]).toEqual([0, 0]);
    });

    it("frames of equal strength destroy each other; a touch of the ends does not", () => {
        const { air, a, b, c } = ears(3);
        a.transmit(FRAME);
        air.schedule(100, () => b.transmit(FRAME));
        air.run(10_000);
        expect(c.heard).toHaveLength(0);
        expect(air.counts.collided).toBe(2);
        a.transmit(FRAME);
        air.schedule(air.now + a.airtimeMs(100), () => b.transmit(FRAME));
        air.run(20_000);
        expect(c.heard).toHaveLength(2);
    });

    it.each([
        ["the first is 6 dB stronger: it survives", [-80, -86], 400, [0]],
        ["the first is 5 dB stronger: none survives", [-80, -85], 400, []],
        ["the second is 20 dB stronger, but late: the receiver stays with the ruined first", [-90, -70], 400, []],
        ["the second is 6 dB stronger, during the first preamble: it is read", [-90, -84], 20, [1]],
        ["the second is 5 dB stronger, during the first preamble: none survives", [-90, -85], 20, []],
    ] as const)("%s", (_, dbm, lateMs, survivors) => {
        const { air, a, b, c } = ears(3, { paths: powers(...dbm) });
        a.transmit(Uint8Array.of(0, ...FRAME));
        air.schedule(lateMs, () => b.transmit(Uint8Array.of(1, ...FRAME)));
        air.run(10_000);
        expect(c.heard.map(({ bytes }) => bytes[0])).toEqual(survivors);
    });

    it("a hidden station collides where both are heard, and only there", () => {
        const { air, a, b, c } = ears(3, {
            paths: givenLoss((from, to) => (from + to === 1 ? undefined : 0)),
        });
        a.transmit(FRAME);
        expect([b.isBusy(), c.isBusy(), a.isBusy()]).toEqual([false, true, true]);
        b.transmit(FRAME);
        air.run(10_000);
        expect(c.heard).toHaveLength(0);
        expect(c.isBusy()).toBe(false);
    });
});

describe("the weather", () => {
    const traffic = (options: Partial<SimAirOptions>, frames = 4_000) => {
        const { air, a, b } = ears(2, options);
        const next = (left: number): void => a.transmit(FRAME, () => left > 1 && next(left - 1));
        next(frames);
        air.run(() => !a.sending && b.heard.length + air.counts.lost + air.counts.damaged >= frames);
        air.run(air.now + 10_000);
        return { air, heard: b.heard };
    };

    it("loses, damages, garbles and doubles the shares it is told", () => {
        const weather = { loss: 0.2, corruption: 0.1, garbling: 0.05, duplication: 0.1, delayMaxMs: 3_000 };
        const { air, heard } = traffic({ weather });
        expect(air.counts.lost / 4_000).toBeCloseTo(0.2, 1);
        expect(air.counts.damaged / 3_200).toBeCloseTo(0.1, 1);
        expect(air.counts.duplicated / 2_880).toBeCloseTo(0.1, 1);
        expect(heard).toHaveLength(4_000 - air.counts.lost - air.counts.damaged + air.counts.duplicated);
        const wrong = heard.filter(({ bytes }) => bytes.length !== 100 || bytes.some((byte, at) => byte !== at));
        expect(wrong.length / heard.length).toBeCloseTo(0.05, 1);
        expect(wrong).toHaveLength(air.counts.garbled);
        const overtaken = heard.filter(({ startAt }, index) => startAt < (heard[index - 1]?.startAt ?? 0));
        expect(overtaken.length).toBeGreaterThan(0);
    });

    it("has bursts: the same loss in the mean, in longer runs", () => {
        const bursts = { goodMs: 60_000, badMs: 20_000, lossInGood: 0, lossInBad: 1 };
        const { air, heard } = traffic({ paths: givenLoss(() => 0, bursts) });
        expect(air.counts.lost / 4_000).toBeGreaterThan(0.18);
        expect(air.counts.lost / 4_000).toBeLessThan(0.32);
        const gaps = heard.filter(({ startAt }, index) => startAt - (heard[index - 1]?.startAt ?? startAt) > 1_000);
        expect(air.counts.lost / gaps.length).toBeGreaterThan(10);
    });

    it("is the same for the same seed and another for another", () => {
        const weather = { loss: 0.3, corruption: 0.1, garbling: 0.1, duplication: 0.1, delayMaxMs: 500 };
        const hash = (seed: number) => traffic({ seed, weather }, 200).air.trace.hash();
        expect(hash(7)).toMatch(/^[0-9a-f]{16}$/);
        expect(hash(7)).toBe(hash(7));
        expect(hash(7)).not.toBe(hash(8));
    });
});

describe("power", () => {
    it("cut in the middle leaves half a frame, which is none, and frees the air", () => {
        const { air, a, b, c } = ears(3);
        let isDone = false;
        a.transmit(FRAME, () => {
            isDone = true;
        });
        air.run(100);
        a.stop();
        expect([b.isBusy(), isDone]).toEqual([false, false]);
        c.transmit(FRAME);
        air.run(10_000);
        expect([b.heard.length, isDone, air.counts.cut]).toEqual([1, false, 2]);
        expect(() => a.transmit(FRAME)).toThrow("off");
    });

    it("off, and on again in the middle of a frame, hears nothing of it", () => {
        const { air, a, b } = ears(2);
        b.stop();
        a.transmit(FRAME);
        air.run(100);
        b.start();
        air.run(10_000);
        expect(b.heard).toEqual([]);
        a.transmit(FRAME);
        air.run(20_000);
        expect(b.heard).toHaveLength(1);
    });
});
