import { describe, expect, it } from "vitest";
import type { LoraParams, ModemTraits } from "../../../hw/modem.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { Transmitter } from "../../../src/carriers/lora/transmitter.ts";
import { type AirtimeEntry, makeAirLaw } from "../../../src/link/ledger.ts";
import { findRegion } from "../../../src/link/region.ts";
import { busiestWindowMs } from "../../support/busiest-window.ts";
import { settled } from "../../support/settled.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { FakeModem, PARAMS } from "./fake-modem.ts";
import { transmitterLife } from "./transmitter-life.ts";

const HOUR_MS = 3_600_000;
const JAPAN: LoraParams & typeof PARAMS = { ...PARAMS, frequencyHz: 921_000_000, powerDbm: 8 };

interface Options {
    readonly region?: string;
    readonly params?: typeof PARAMS;
    readonly traits?: Partial<ModemTraits>;
    readonly record?: (entry: AirtimeEntry, clock: VirtualClock) => Promise<void>;
}

function build({ region = "EU868", params = PARAMS, traits = {}, record }: Options = {}) {
    const clock = new VirtualClock();
    const modem = new FakeModem(clock, { detectsChannelActivity: true, ...traits }, params);
    const journal: AirtimeEntry[] = [];
    const station = { antennaGainDbi: 2, listensBeforeTalk: modem.traits.detectsChannelActivity };
    const law = makeAirLaw({ region: findRegion(region), station });
    const transmitter = new Transmitter({
        modem,
        params,
        law,
        clock,
        random: makePrng(1),
        record: async (entry) => {
            await record?.(entry, clock);
            journal.push(entry);
        },
        onHindered: () => {},
    });
    const send = (isPolite = true) =>
        settled(clock, transmitter.transmit({ frame: new Uint8Array(20), reserve: undefined, isPolite }), HOUR_MS);
    return { clock, modem, law, transmitter, journal, send };
}

/** A disk so slow that a permit grows old. */
function slowDisk(seconds: number): NonNullable<Options["record"]> {
    return (_, clock) =>
        new Promise((resolve) => void clock.schedule(clock.now().monotonic + seconds * 1_000, () => resolve()));
}

describe("a transmitter that can listen", () => {
    it("looks before it asks and again just before it talks, and talks at once on a free channel", async () => {
        const { modem, send, journal } = build();
        expect(await send()).toBe(true);
        expect([modem.looks.length, modem.sent.length, journal.length]).toEqual([2, 1, 1]);
        expect(modem.sent[0]?.at).toBe(modem.looks[1]?.at);
    });

    it("waits with pauses while somebody talks, and spends nothing meanwhile", async () => {
        const { clock, modem, send, journal } = build();
        modem.channel = () => clock.now().monotonic > 2_000;
        expect(await send()).toBe(true);
        expect(modem.sent[0]?.at).toBeGreaterThan(2_000);
        expect(modem.looks.length).toBeGreaterThan(3);
        expect(journal).toHaveLength(1);
    });

    it("does not wait for ever where nobody has to", async () => {
        const { modem, send } = build();
        modem.channel = () => false;
        expect(await send()).toBe(true);
        expect(modem.sent).toHaveLength(1);
        expect(modem.looks.length).toBeLessThan(16 * 8 + 8);
    });

    it("answers at once, without a look, when it is not asked to be polite", async () => {
        const { modem, send } = build();
        modem.channel = () => false;
        expect(await send(false)).toBe(true);
        expect(modem.looks).toHaveLength(0);
    });

    it("treats a modem that cannot tell as a free channel", async () => {
        const { modem, send } = build();
        modem.channel = () => undefined;
        expect(await send()).toBe(true);
        expect(modem.looks).toHaveLength(2);
    });

    it("never asks a modem that cannot listen", async () => {
        const { modem, send } = build({ traits: { detectsChannelActivity: false } });
        expect(await send()).toBe(true);
        expect(modem.looks).toHaveLength(0);
    });

    it("is called off in the middle of a pause", async () => {
        const { clock, modem, transmitter, send } = build();
        modem.channel = () => false;
        const sending = send();
        clock.schedule(100, () => transmitter.cancel());
        expect(await sending).toBe(false);
        expect(modem.sent).toHaveLength(0);
    });
});

describe("where the law wants everybody to listen", () => {
    const japan = { region: "JP920", params: JAPAN };

    it("listens as the law says, polite or not", async () => {
        const { modem, send } = build(japan);
        expect(await send(false)).toBe(true);
        expect(modem.looks.at(-1)).toEqual({ at: modem.sent[0]?.at, demand: { minMs: 5, thresholdDbm: -80 } });
    });

    it.each([false, undefined])("sends nothing ever while a look says %s, and has spent nothing", async (found) => {
        const { clock, modem, law, send } = build(japan);
        modem.channel = () => found;
        expect(await send()).toBe(false);
        expect(modem.sent).toHaveLength(0);
        expect(law.spentMs(JAPAN, clock.now().monotonic)).toBe(0);
    });

    it("takes the permit back when somebody begins to talk during the fsync, and tries again", async () => {
        const { clock, modem, law, send } = build({ ...japan, record: slowDisk(1) });
        const busy = (now: number): boolean => now > 500 && now < 1_500;
        modem.channel = () => !busy(clock.now().monotonic);
        expect(await send()).toBe(true);
        expect(modem.sent[0]?.at).toBeGreaterThan(2_000);
        expect(law.spentMs(JAPAN, clock.now().monotonic)).toBeCloseTo(modem.airtimeMs(20), 6);
    });

    it("pauses after each frame, from its real end", async () => {
        const { modem, send } = build(japan);
        await send();
        await send();
        const [first, second] = modem.sent;
        const end = (first?.at ?? 0) + modem.airtimeMs(20);
        expect((second?.at ?? 0) - end).toBeGreaterThanOrEqual(50);
        expect((second?.at ?? 0) - end).toBeLessThan(70);
    });

    it("is not even tried by a modem that cannot listen", async () => {
        const { modem, send } = build({ ...japan, traits: { detectsChannelActivity: false } });
        expect(await send()).toBe(false);
        expect(modem.sent).toHaveLength(0);
    });
});

describe("an old permit", () => {
    it("is not used: with a disk slower than that nothing is sent, and in the end nothing is spent", async () => {
        const { clock, modem, law, send } = build({ record: slowDisk(8) });
        expect(await send()).toBe(false);
        expect(modem.sent).toHaveLength(0);
        expect(law.spentMs(PARAMS, clock.now().monotonic)).toBe(0);
    });
});

describe("a backlog of full frames", () => {
    it.each([1, 2])(
        "uses 97 %% of the hour's budget through restarts, and no more than that in any hour, seed %i",
        async (seed) => {
            const hours = 48;
            const sent = await transmitterLife(seed, hours);
            const spentMs = sent.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0);
            expect(spentMs / (36_000 * hours)).toBeGreaterThan(0.97);
            expect(busiestWindowMs(sent, HOUR_MS)).toBeLessThanOrEqual(36_000);
        },
    );
});

describe("the measured use", () => {
    it("counts own frames and those of others", async () => {
        const { clock, transmitter, modem, send } = build();
        await send();
        const own = transmitter.use.share(clock.now().monotonic);
        expect(own).toBeGreaterThan((modem.airtimeMs(20) / 60_000) * 0.9);
        transmitter.heard(20_000);
        expect(transmitter.use.share(clock.now().monotonic)).toBeGreaterThan(own);
    });
});
