import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../src/base/prng.ts";
import { type DataFrame, encodeFirstFrame, TRANSFER_SIZE } from "../../src/link/first-frame.ts";
import {
    ASSEMBLIES_MAX,
    ASSEMBLY_AGE_MS,
    ASSEMBLY_BYTES_MAX,
    ENDED_MAX,
    FirstInbound,
} from "../../src/link/first-inbound.ts";
import { makeFirstLink } from "../../src/link/first-link.ts";
import { firstTimingOf } from "../../src/link/first-options.ts";
import { LinkSim, nameOf, payloadOf } from "./link-sim.ts";

const OPTIONS = { source: 1, seed: 1, digest: blake3, frameSizeMax: 240, airtimeMs: () => 100 };

function inbound(): FirstInbound {
    return new FirstInbound({ options: OPTIONS, timing: firstTimingOf(OPTIONS), random: makePrng(1) });
}

/** A fragment that looks right and belongs to nothing. */
function stray(random: () => number, changes: Partial<DataFrame> = {}): DataFrame {
    return {
        kind: "data",
        source: 9,
        transfer: Uint8Array.from({ length: TRANSFER_SIZE }, () => random() * 256),
        index: Math.floor(random() * 200),
        total: 255,
        fragment: new Uint8Array(223),
        asks: random() < 0.5,
        ...changes,
    };
}

function whole(payload: Uint8Array, asks = true): DataFrame {
    const transfer = blake3(payload).slice(0, TRANSFER_SIZE);
    return { kind: "data", source: 9, transfer, index: 0, total: 1, fragment: payload, asks };
}

describe("the receiving side under a flood", () => {
    it("keeps its tables within their limits", () => {
        const side = inbound();
        const random = makePrng(2);
        const transfers = Array.from({ length: 12 }, () => stray(random).transfer);
        for (let now = 0; now < 40_000; now += 10) {
            const long = transfers[Math.floor(random() * transfers.length)];
            side.onData(stray(random, random() < 0.5 && long ? { transfer: long } : {}), now);
            const fill = side.fill();
            expect(fill.assemblies).toBeLessThanOrEqual(ASSEMBLIES_MAX);
            expect(fill.bytes).toBeLessThanOrEqual(ASSEMBLY_BYTES_MAX);
            expect(fill.acks).toBeLessThanOrEqual(16);
        }
        expect(side.fill().assemblies).toBeGreaterThan(1);
    });

    it("fills its bytes, and no more, when few transfers are long", () => {
        const side = inbound();
        const random = makePrng(3);
        const transfers = Array.from({ length: 3 }, () => stray(random).transfer);
        let most = 0;
        for (let index = 0; index < 255; index++) {
            for (const transfer of transfers) side.onData(stray(random, { transfer, index }), index);
            most = Math.max(most, side.fill().bytes);
        }
        expect(most).toBeGreaterThan(ASSEMBLY_BYTES_MAX - 255);
        expect(most).toBeLessThanOrEqual(ASSEMBLY_BYTES_MAX);
    });

    it("remembers a bounded number of ends", () => {
        const side = inbound();
        for (let index = 0; index < ENDED_MAX + 100; index++) {
            const [deliver] = side.onData(whole(payloadOf(index, 20)), index);
            if (deliver?.kind === "deliver") side.settled(deliver.delivery, "stored", index);
        }
        expect(side.fill().ended).toBe(ENDED_MAX);
    });

    it("forgets half a transfer that gains nothing, and counts it", () => {
        const side = inbound();
        side.onData(stray(makePrng(4)), 0);
        expect(side.deadline()).toBe(ASSEMBLY_AGE_MS);
        expect(side.tick(ASSEMBLY_AGE_MS - 1)).toEqual([]);
        expect(side.tick(ASSEMBLY_AGE_MS)).toEqual([{ kind: "count", what: "assembly_expired" }]);
        expect(side.fill()).toMatchObject({ assemblies: 0, bytes: 0 });
    });

    it("rations the answers that a stranger can provoke", () => {
        const link = makeFirstLink(OPTIONS);
        const random = makePrng(5);
        let acks = 0;
        for (let now = 0; now < 60_000; now += 20) {
            const bytes = encodeFirstFrame(stray(random, { asks: true }));
            for (const effect of [
                ...link.handle({ kind: "frame", bytes }, now),
                ...link.handle({ kind: "transmitted", sent: true }, now),
            ])
                if (effect.kind === "transmit") acks++;
        }
        expect(acks).toBeGreaterThan(10);
        expect(acks).toBeLessThanOrEqual(20 + 60);
    });
});

describe("the receiving side", () => {
    it("drops a transfer that does not fit its digest, and can take the right one after it", () => {
        const side = inbound();
        const payload = payloadOf(1, 50);
        const good = whole(payload);
        expect(side.onData({ ...good, fragment: payloadOf(2, 50) }, 0)).toEqual([
            { kind: "count", what: "assembly_damaged" },
        ]);
        expect(side.onData(good, 1)).toMatchObject([{ kind: "deliver", payload }]);
    });

    it("delivers once while the depot works, and once when it is done", () => {
        const side = inbound();
        const frame = whole(payloadOf(1, 50));
        const [deliver] = side.onData(frame, 0);
        expect(side.onData(frame, 1)).toEqual([]);
        if (deliver?.kind === "deliver") side.settled(deliver.delivery, "stored", 2);
        expect(side.onData(frame, 3)).toEqual([]);
        expect(side.next(1, 10_000)).toMatchObject({ kind: "ack", status: "stored" });
    });

    it("keeps quiet when another neighbour already said stored, until it is asked again", () => {
        const side = inbound();
        const frame = whole(payloadOf(1, 50));
        const [deliver] = side.onData(frame, 0);
        if (deliver?.kind === "deliver") side.settled(deliver.delivery, "stored", 1);
        side.onOtherAck({
            kind: "ack",
            source: 3,
            transfer: frame.transfer,
            total: 1,
            status: "stored",
            bitmap: new Uint8Array(0),
        });
        expect(side.readyAt()).toBeUndefined();
        side.onData(frame, 5_000);
        expect(side.readyAt()).toBeGreaterThan(5_000);
    });

    it("lets two senders of one payload complete it together", () => {
        const side = inbound();
        const payload = payloadOf(1, 60);
        const parts = [0, 1, 2].map((index) => ({
            ...whole(payload),
            index,
            total: 3,
            source: index,
            fragment: payload.slice(index * 20, index * 20 + 20),
            asks: false,
        }));
        expect(parts.flatMap((part, now) => side.onData(part, now))).toMatchObject([{ kind: "deliver", payload }]);
    });
});

describe("old frames played again", () => {
    it("neither deliver twice nor acknowledge what was not stored", () => {
        const sim = new LinkSim({ seed: 1, nodes: 2, loss: 0.2 });
        const first = payloadOf(1, 600);
        sim.offer(0, 1, first);
        expect(sim.runUntil(() => sim.node(0).outcomes.has(1), 3_600_000)).toBe(true);
        const recorded = [...sim.log];
        const second = payloadOf(2, 600);
        sim.offer(0, 2, second);
        for (const [index, bytes] of recorded.entries()) {
            sim.at(index * 50, () => {
                sim.give(0, { kind: "frame", bytes });
                sim.give(1, { kind: "frame", bytes });
            });
        }
        expect(sim.runUntil(() => sim.node(0).outcomes.has(2), 3_600_000)).toBe(true);
        expect(sim.node(1).depot).toEqual(new Set([nameOf(first), nameOf(second)]));
        expect([...sim.node(1).delivered.values()]).toEqual([1, 1]);
    });
});
