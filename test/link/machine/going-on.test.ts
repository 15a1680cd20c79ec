import { describe, expect, it } from "vitest";
import { SimAir } from "../../sim/sim-air.ts";
import { type EndOptions, HOUR_MS, LinkEnd, MINUTE_MS, noise, runOut } from "./rig.ts";

const LARGE = noise(1, 6_000);

function halfWay(seed: number, options: EndOptions = {}) {
    const air = new SimAir({ seed });
    const [near, far] = [new LinkEnd(air, options), new LinkEnd(air, options)];
    // Two hellos make a neighbour, and there is one a minute.
    air.run(5 * MINUTE_MS);
    near.offer(LARGE);
    // A turn and a half of 28 frames.
    air.run(() => near.framesSent >= 24);
    return { air, near, far, ends: [near, far] as const };
}

type World = ReturnType<typeof halfWay>;

/** Frames that the sender needs from half way on. */
function framesAfter(seed: number, accident: (world: World) => void, options: EndOptions = {}) {
    const world = halfWay(seed, options);
    const before = world.near.framesSent;
    accident(world);
    expect(runOut(world.air, world.ends)).toBe(true);
    expect(world.near.endOf(LARGE)).toBe("acknowledged");
    expect(world.far.at.has(LARGE)).toBe(true);
    return world.near.framesSent - before;
}

const WHOLE = Math.ceil(LARGE.length / 219);

describe("a transfer goes on", () => {
    it.each([
        ["receiver", ({ far }: World) => far.restart(2_000)],
        ["sender", ({ near }: World) => near.restart(2_000)],
    ])("after a restart of the %s", (_, accident) => {
        const frames = [1, 2, 3, 4, 5, 6].map((seed) => framesAfter(seed, accident));
        const mean = frames.reduce((sum, each) => sum + each, 0) / frames.length;
        expect(mean).toBeLessThan(0.8 * WHOLE);
    });

    it("anew where nothing was kept", () => {
        expect(
            framesAfter(
                1,
                ({ ends }) => {
                    for (const end of ends) end.restart(2_000);
                },
                { forgets: true },
            ),
        ).toBeGreaterThanOrEqual(WHOLE);
    });

    it.each([3, 8])("after a pause of %i hours", (hours) => {
        const { air, near, far, ends } = halfWay(1, { triesMax: Number.POSITIVE_INFINITY });
        air.setWeather({ loss: 1 });
        air.run(air.now + hours * HOUR_MS);
        expect([near.endOf(LARGE), far.at.has(LARGE)]).toEqual([undefined, false]);
        air.setWeather({});
        const before = near.bytesSent;
        expect(runOut(air, ends)).toBe(true);
        expect(far.at.has(LARGE)).toBe(true);
        expect(near.bytesSent - before).toBeLessThan(LARGE.length / 2);
    });

    it.each([190, 200, 210])("in frames of %i bytes after a restart", (frameSizeMax) => {
        const kept = framesAfter(1, ({ near, far }) => change(near, far, frameSizeMax));
        const anew = framesAfter(1, ({ near, far }) => change(near, far, frameSizeMax), { forgets: true });
        expect(kept).toBeLessThan(anew);
    });
});

function change(near: LinkEnd, far: LinkEnd, frameSizeMax: number): void {
    for (const end of [near, far]) {
        end.frameSizeMax = frameSizeMax;
        end.restart(1_000);
    }
}

describe("payloads in parts", () => {
    it.each([32, 51, 222])("16 KiB over frames of %i bytes, with loss", (frameSizeMax) => {
        const air = new SimAir({ seed: frameSizeMax, weather: { loss: 0.1 } });
        const ends = [new LinkEnd(air, { frameSizeMax }), new LinkEnd(air, { frameSizeMax })] as const;
        const payload = noise(4, 16_384);
        ends[0].offer(payload);
        expect(runOut(air, ends)).toBe(true);
        expect(ends[1].at.has(payload)).toBe(true);
        expect(ends[0].endOf(payload)).toBe("acknowledged");
        expect(ends[1].delivered).toHaveLength(1);
        expect(ends[0].framesSent).toBeLessThan((1.4 * 16_384) / (frameSizeMax - 3) + 60);
    });

    it("go on after restarts of both ends", () => {
        const air = new SimAir({ seed: 3 });
        const ends = [new LinkEnd(air, { frameSizeMax: 51 }), new LinkEnd(air, { frameSizeMax: 51 })] as const;
        const payload = noise(5, 10_000);
        ends[0].offer(payload);
        air.run(() => ends[0].framesSent > 120);
        ends[1].restart(5_000);
        air.run(() => ends[0].framesSent > 180);
        ends[0].restart(5_000);
        expect(runOut(air, ends)).toBe(true);
        expect(ends[1].at.has(payload)).toBe(true);
    });
});
