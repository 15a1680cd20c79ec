import { beforeEach, describe, expect, it } from "vitest";
import type { RelayStore } from "../../src/depot/store.ts";
import { ingest } from "../../src/relay/ingest.ts";
import {
    RELAY_LIMITS_DEFAULT,
    type RelayLimits,
    TOMBSTONE_MEMORY_S,
    TOMBSTONES_UNPROVEN_MAX,
} from "../../src/relay/limits.ts";
import type { Way } from "../../src/relay/rules.ts";
import { id16, mailboxWay, type TestMessage, testMessage, testWay } from "../support/envelopes.ts";
import { ModelStore } from "../support/model-store.ts";

const T0 = 1_767_225_600;
const http = mailboxWay();
const lora = testWay("lora");
const mesh = testWay("mesh");
const ways: readonly Way[] = [http, lora, mesh];

let store: RelayStore;
beforeEach(() => {
    store = new ModelStore();
});

function arrive(from: Way, payload: Uint8Array, options: { now?: number; limits?: Partial<RelayLimits> } = {}) {
    const limits = { ...RELAY_LIMITS_DEFAULT, ...options.limits };
    return ingest({ store, now: options.now ?? T0, limits, ways, from }, payload);
}

function offersTo(way: Way): string[] {
    return store.dueOffers(way.id, 0, 100).map((offer) => `${offer.kind} ${offer.messageId[15]}`);
}

function buried(message: TestMessage) {
    return store.tombstone(message.messageId);
}

describe("a message that arrives", () => {
    it("is stored byte for byte and offered to every carrier but its own and those that never send", () => {
        const message = testMessage(1);
        const longer = new Uint8Array([...message.payload, 1, 2, 3]);
        expect(arrive(lora, longer)).toEqual({ kind: "stored" });
        expect(store.message(message.messageId)?.payload).toEqual(longer);
        expect(offersTo(mesh)).toEqual(["message 1"]);
        expect(offersTo(lora)).toEqual([]);
        expect(offersTo(http)).toEqual([]);
    });

    it("is a duplicate by its id and routing key, whatever the other bytes say", () => {
        arrive(http, testMessage(1).payload);
        expect(arrive(lora, testMessage(1, { size: 7 }).payload)).toEqual({ kind: "duplicate" });
        expect(store.totalFill().messages).toBe(1);
    });

    it("is refused as a conflict when its id lives under another routing key", () => {
        arrive(http, testMessage(1).payload);
        const other = testMessage(1, { routingKey: id16(2, 0xb0) });
        expect(arrive(http, other.payload)).toMatchObject({ kind: "refused", reason: "conflict" });
        expect(store.message(other.messageId)?.routingKey).toEqual(id16(1, 0xb0));
    });

    it("takes the place of an expired one under any routing key", () => {
        arrive(http, testMessage(1, { ttlHours: 1 }).payload);
        const other = testMessage(1, { routingKey: id16(2, 0xb0) });
        expect(arrive(http, other.payload, { now: T0 + 3600 })).toEqual({ kind: "stored" });
        expect(store.message(other.messageId)?.routingKey).toEqual(id16(2, 0xb0));
    });

    it("lives from its receipt: for its ttl, or the default without one", () => {
        arrive(http, testMessage(1, { ttlHours: 2 }).payload);
        arrive(http, testMessage(2, { ttlHours: undefined }).payload);
        expect(store.message(testMessage(1).messageId)?.expiresAt).toBe(T0 + 7200);
        expect(store.message(testMessage(2).messageId)?.expiresAt).toBe(T0 + RELAY_LIMITS_DEFAULT.ttlDefaultS);
    });

    it("with ttl 0 is answered and goes nowhere", () => {
        expect(arrive(http, testMessage(1, { ttlHours: 0 }).payload)).toEqual({ kind: "stored" });
        expect(offersTo(lora)).toEqual([]);
    });

    it("too large for a carrier is kept, but not offered to it", () => {
        expect(arrive(http, testMessage(1, { size: 2000 }).payload)).toEqual({ kind: "stored" });
        expect(offersTo(lora)).toEqual([]);
        expect(store.neverOffered("lora", T0, 10)).toEqual([]);
    });

    it("is refused with Ember's words when it does not decode", () => {
        expect(arrive(http, new Uint8Array([7]))).toEqual({
            kind: "refused",
            reason: "undecodable",
            text: "Unknown wire type: 0x07",
        });
    });
});

describe("a full gateway", () => {
    it("refuses beyond the mailbox's limit and takes again after expiry", () => {
        const limits = { mailboxMessagesMax: 2 };
        arrive(http, testMessage(1, { ttlHours: 1 }).payload, { limits });
        arrive(http, testMessage(2).payload, { limits });
        expect(arrive(http, testMessage(3).payload, { limits })).toMatchObject({ reason: "mailbox_full" });
        expect(arrive(http, testMessage(3).payload, { limits, now: T0 + 3600 })).toEqual({ kind: "stored" });
    });

    it("refuses beyond the total bytes and loses nothing that it had", () => {
        const size = testMessage(1).payload.length;
        const limits = { totalBytesMax: size + 1 };
        arrive(http, testMessage(1).payload, { limits });
        const second = testMessage(2, { routingKey: id16(2, 0xb0) });
        expect(arrive(http, second.payload, { limits })).toMatchObject({ kind: "refused", reason: "storage" });
        expect(store.totalFill()).toEqual({ messages: 1, bytes: size });
    });
});

describe("a tombstone", () => {
    it("removes its message and its offers, and travels to every carrier but its own, also to where the message came from", () => {
        const message = testMessage(1);
        arrive(lora, message.payload);
        expect(arrive(mesh, message.tombstone)).toEqual({ kind: "stored" });
        expect(store.message(message.messageId)).toBeUndefined();
        expect(offersTo(mesh)).toEqual([]);
        expect(offersTo(lora)).toEqual(["tombstone 1"]);
    });

    it("with a wrong secret changes nothing", () => {
        const message = testMessage(1);
        arrive(http, message.payload);
        expect(arrive(lora, message.forgedTombstone)).toMatchObject({ reason: "wrong_secret" });
        expect(store.message(message.messageId)).toBeDefined();
    });

    it("of an unknown message is an error over HTTP", () => {
        expect(arrive(http, testMessage(1).tombstone)).toMatchObject({ reason: "unknown_message" });
        expect(buried(testMessage(1))).toBeUndefined();
    });

    it("that outran its message over a radio waits unproven, goes nowhere, and then ends the message on arrival", () => {
        const message = testMessage(1);
        expect(arrive(lora, message.tombstone)).toEqual({ kind: "stored" });
        expect(offersTo(mesh)).toEqual([]);
        expect(arrive(mesh, message.payload)).toEqual({ kind: "duplicate" });
        expect(store.message(message.messageId)).toBeUndefined();
        expect(buried(message)).toMatchObject({ proven: true });
        expect(offersTo(mesh)).toEqual(["tombstone 1"]);
        expect(offersTo(lora)).toEqual([]);
    });

    it("that was forged before its message does not keep it out", () => {
        const message = testMessage(1);
        arrive(lora, message.forgedTombstone);
        expect(arrive(mesh, message.payload)).toEqual({ kind: "stored" });
        expect(buried(message)).toBeUndefined();
    });

    it("keeps a dead message dead on radios, for as long as it is remembered", () => {
        const message = testMessage(1, { ttlHours: 1 });
        arrive(http, message.payload);
        arrive(http, message.tombstone);
        expect(arrive(lora, message.payload)).toEqual({ kind: "duplicate" });
        expect(store.message(message.messageId)).toBeUndefined();
        const later = T0 + TOMBSTONE_MEMORY_S;
        expect(arrive(lora, message.payload, { now: later })).toEqual({ kind: "stored" });
    });

    it("lets Ember's mailbox take the same message again, as Ember does", () => {
        const message = testMessage(1);
        arrive(http, message.payload);
        arrive(http, message.tombstone);
        expect(arrive(http, message.payload)).toEqual({ kind: "stored" });
        expect(buried(message)).toBeUndefined();
    });

    it("unproven, in any number, stays within its limit and does not push out proven ones", () => {
        const message = testMessage(1);
        arrive(http, message.payload);
        arrive(http, message.tombstone);
        for (let number = 2; number < TOMBSTONES_UNPROVEN_MAX + 50; number++)
            arrive(lora, testMessage(number).tombstone);
        expect(store.tombstoneCounts()).toEqual({ proven: 1, unproven: TOMBSTONES_UNPROVEN_MAX });
    });
});
