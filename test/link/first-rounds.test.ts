import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { type AckFrame, type DataFrame, decodeFirstFrame, encodeFirstFrame } from "../../src/link/first-frame.ts";
import { makeFirstLink } from "../../src/link/first-link.ts";
import { LONELY_ROUNDS_MAX, ROUNDS_MAX } from "../../src/link/first-outbound.ts";
import type { Link, LinkEffect, LinkEvent } from "../../src/link/link.ts";
import { payloadOf } from "./link-sim.ts";

const AIRTIME_MS = 100;
const PAYLOAD = payloadOf(1, 600);
const TRANSFER = blake3(PAYLOAD).slice(0, 8);
const SILENCE_MS = 3_600_000;

/** One link whose peers are the test: every frame takes its airtime, time moves from deadline to deadline. */
class Station {
    now = 0;
    readonly sent: { readonly frame: DataFrame | AckFrame; readonly at: number }[] = [];
    readonly effects: LinkEffect[] = [];
    readonly #link: Link = makeFirstLink({
        source: 1,
        seed: 1,
        digest: blake3,
        frameSizeMax: 240,
        airtimeMs: () => AIRTIME_MS,
    });

    give(event: LinkEvent): void {
        for (const effect of this.#link.handle(event, this.now)) {
            this.effects.push(effect);
            if (effect.kind !== "transmit") continue;
            const frame = decodeFirstFrame(effect.frame);
            if (!frame.ok) throw new Error("the link sent nonsense");
            this.sent.push({ frame: frame.value, at: this.now });
            this.now += AIRTIME_MS;
            this.give({ kind: "transmitted", sent: true });
        }
    }

    hear(frame: DataFrame | AckFrame): void {
        this.give({ kind: "frame", bytes: encodeFirstFrame(frame) });
    }

    /** Runs for `ms`, with `every` after each deadline. */
    run(ms: number, every: () => void = () => {}): void {
        const end = this.now + ms;
        for (;;) {
            const at = this.#link.deadline();
            if (at === undefined || at > end) break;
            this.now = Math.max(this.now, at);
            this.give({ kind: "tick" });
            every();
        }
        this.now = Math.max(this.now, end);
    }

    indexes(from = 0): readonly number[] {
        return this.sent.slice(from).flatMap(({ frame }) => (frame.kind === "data" ? [frame.index] : []));
    }

    outcome(): LinkEffect | undefined {
        return this.effects.find(({ kind }) => kind === "failed" || kind === "acknowledged" || kind === "rejected");
    }
}

function partial(total: number, bitmap: readonly number[], source = 2): AckFrame {
    return { kind: "ack", source, transfer: TRANSFER, total, status: "partial", bitmap: Uint8Array.from(bitmap) };
}

function foreign(changes: Partial<DataFrame> = {}): DataFrame {
    const transfer = Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9);
    return { kind: "data", source: 5, transfer, index: 0, total: 9, fragment: transfer, asks: false, ...changes };
}

function offering(): Station {
    const station = new Station();
    station.give({ kind: "offer", offer: 1, payload: PAYLOAD });
    return station;
}

describe("the rounds of a sender", () => {
    it("send what the fullest neighbour lacks", () => {
        const station = offering();
        expect(station.indexes()).toEqual([0, 1, 2]);
        station.hear(partial(3, [0b001], 2));
        station.hear(partial(3, [0b011], 3));
        station.hear(partial(3, [0b000], 4));
        station.run(1_000);
        expect(station.indexes(3)).toEqual([2]);
    });

    it("do not believe a bitmap of another split", () => {
        const station = offering();
        station.hear(partial(8, [0b011]));
        station.run(30_000);
        // Believing it would send fragment 2, the one that both bits leave out.
        expect(station.indexes(3)[0]).toBe(1);
    });

    it("end, however often a neighbour asks for more", () => {
        const station = offering();
        station.run(SILENCE_MS, () => station.hear(partial(3, [0b011])));
        expect(station.outcome()).toMatchObject({ kind: "failed", detail: expect.stringContaining("rounds") });
        expect(station.sent.length).toBeLessThanOrEqual(3 + ROUNDS_MAX);
        expect(station.sent.length).toBeGreaterThan(ROUNDS_MAX / 2);
    });

    it("ask with one frame after a death by silence, and send everything again once anybody was heard", () => {
        const station = offering();
        station.run(SILENCE_MS);
        const dead = station.sent.length;
        station.give({ kind: "offer", offer: 2, payload: PAYLOAD });
        station.run(SILENCE_MS);
        expect(station.sent.length - dead).toBe(LONELY_ROUNDS_MAX);
        station.hear(foreign());
        station.run(SILENCE_MS / 2);
        const before = station.sent.length;
        station.give({ kind: "offer", offer: 3, payload: PAYLOAD });
        expect(station.indexes(before)).toEqual([0, 1, 2]);
    });
});

describe("politeness", () => {
    it("leaves the channel to who is in the middle of a round, for data and acks", () => {
        const station = new Station();
        const payload = payloadOf(2, 20);
        const transfer = blake3(payload).slice(0, 8);
        station.hear(foreign({ transfer, total: 1, fragment: payload, asks: true }));
        station.give({ kind: "settled", delivery: 1, verdict: "stored" });
        station.hear(foreign());
        station.give({ kind: "offer", offer: 1, payload: PAYLOAD });
        expect(station.sent).toEqual([]);
        station.run(2_000);
        expect(station.sent.map(({ frame }) => frame.kind)).toEqual(["ack", "data", "data", "data"]);
        expect(station.sent[0]?.at).toBeGreaterThanOrEqual(2 * 50 + AIRTIME_MS);
    });

    it("leaves the channel to who is asked", () => {
        const station = new Station();
        station.hear(foreign({ asks: true }));
        station.give({ kind: "offer", offer: 1, payload: PAYLOAD });
        station.run(10_000);
        const first = station.sent.find(({ frame }) => frame.kind === "data");
        expect(first?.at).toBeGreaterThanOrEqual(1_000);
    });

    it("has an end when somebody never stops talking", () => {
        const station = new Station();
        station.hear(foreign());
        station.give({ kind: "offer", offer: 1, payload: PAYLOAD });
        while (station.sent.length === 0 && station.now < 60_000) {
            station.hear(foreign());
            station.run(90);
        }
        expect(station.sent[0]?.at).toBeGreaterThanOrEqual(19_000);
        expect(station.sent[0]?.at).toBeLessThan(21_000);
    });
});
