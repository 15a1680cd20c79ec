import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { payloadSizeMax } from "../../../src/carriers/mqtt/topics.ts";
import { testMessage } from "../../support/envelopes.ts";
import { Mosquitto, noMosquitto } from "../../support/mosquitto.ts";
import { base64, closeRigs, isUp, messageTopicOf, never, openOther, openRig, parcelOf, until, WAIT_MS } from "./rig.ts";

const TIMEOUT_MS = WAIT_MS * 2;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe.skipIf(noMosquitto)("over a real broker", { timeout: TIMEOUT_MS }, () => {
    let broker: Mosquitto;
    beforeEach(async () => {
        broker = await new Mosquitto().start();
    });
    afterEach(async () => {
        await closeRigs();
        await broker.remove();
    });

    it("publishes as Ember does: topic, base64, QoS 1, not retained; and claims no more than a handover", async () => {
        const { client, seen } = await openOther(broker.url);
        await client.subscribeAsync("#", { qos: 1 });
        const rig = await openRig(broker.url, { subscribed: "none" });
        await until(() => isUp(rig), "up");
        const message = testMessage(1);
        expect(await rig.carrier.send(parcelOf(message), never)).toEqual({ kind: "handed_over", repeats: true });
        expect(await rig.carrier.send(parcelOf(message, "tombstone"), never)).toEqual({
            kind: "handed_over",
            repeats: true,
        });
        await until(() => seen.length === 2, "both are seen");
        const common = { retain: false, qos: 1 };
        expect(seen).toEqual([
            { topic: messageTopicOf(message), text: base64(message.payload), ...common },
            { topic: "ember/v1/ack-tombstones", text: base64(message.tombstone), ...common },
        ]);
        await client.endAsync(true);
    });

    it("takes messages and tombstones of others byte for byte, of all routing keys or of those named", async () => {
        const [mine, other] = [testMessage(1), testMessage(2, { routingKey: new Uint8Array(16).fill(3) })];
        const all = await openRig(broker.url);
        const one = await openRig(broker.url, { clientId: "one", subscribed: [mine.routingKey] });
        await until(() => isUp(all) && isUp(one), "up");
        const { client } = await openOther(broker.url);
        const long = Uint8Array.from([...mine.payload, 1, 2, 3]);
        await client.publishAsync(messageTopicOf(mine), base64(long), { qos: 1 });
        await client.publishAsync(messageTopicOf(other), base64(other.payload), { qos: 0 });
        await client.publishAsync("ember/v1/ack-tombstones", base64(mine.tombstone), { qos: 1 });
        await until(() => all.arrived.length === 3 && one.arrived.length === 2, "all arrived");
        expect(all.arrived.map(hex)).toEqual([long, other.payload, mine.tombstone].map(hex));
        expect(one.arrived.map(hex)).toEqual([long, mine.tombstone].map(hex));
        await client.endAsync(true);
    });

    it("acknowledges only what is durable: the rest comes again, to the next life too", async () => {
        const first = await openRig(broker.url);
        // The disk never answers.
        first.answer = () => new Promise(() => undefined);
        await until(() => isUp(first), "up");
        const { client } = await openOther(broker.url);
        const messages = Array.from({ length: 5 }, (_, number) => testMessage(number));
        for (const message of messages)
            await client.publishAsync(messageTopicOf(message), base64(message.payload), { qos: 1 });
        await until(() => first.arrived.length === 5, "all arrived");
        await closeRigs();
        const second = await openRig(broker.url);
        await until(() => second.arrived.length === 5, "all arrived again");
        expect(second.arrived.map(hex).sort()).toEqual(messages.map(({ payload }) => hex(payload)).sort());
        await closeRigs();
        const third = await openRig(broker.url);
        await until(() => isUp(third), "up");
        await client.publishAsync(messageTopicOf(testMessage(9)), base64(testMessage(9).payload), { qos: 1 });
        await until(() => third.arrived.length > 0, "one more");
        expect(third.arrived.map(hex)).toEqual([hex(testMessage(9).payload)]);
        await client.endAsync(true);
    });

    it("asks the depot again while it is busy, and lets go of what it refuses for good", async () => {
        const rig = await openRig(broker.url);
        let asked = 0;
        rig.answer = async () => {
            asked++;
            if (asked === 1) return { kind: "refused", reason: "busy", text: "" };
            return asked === 2 ? { kind: "stored" } : { kind: "refused", reason: "mailbox_full", text: "" };
        };
        await until(() => isUp(rig), "up");
        const { client } = await openOther(broker.url);
        const message = testMessage(1);
        await client.publishAsync(messageTopicOf(message), base64(message.payload), { qos: 1 });
        await until(() => asked === 2, "asked again");
        await client.publishAsync(messageTopicOf(message), base64(testMessage(2).payload), { qos: 1 });
        await until(() => asked === 3, "the next");
        await closeRigs();
        const later = await openRig(broker.url);
        await until(() => isUp(later), "up");
        await client.publishAsync(messageTopicOf(message), base64(testMessage(3).payload), { qos: 1 });
        await until(() => later.arrived.length > 0, "one more");
        expect(later.arrived.map(hex)).toEqual([hex(testMessage(3).payload)]);
        await client.endAsync(true);
    });

    it("throws away what is of no use, and says so once a minute at most", async () => {
        const rig = await openRig(broker.url);
        await until(() => isUp(rig), "up");
        const { client } = await openOther(broker.url);
        const message = testMessage(1);
        const good = base64(message.payload);
        const topic = messageTopicOf(message);
        const retained = testMessage(2);
        for (const [where, text] of [
            [topic, ""],
            [topic, "%%%"],
            [topic, good.slice(0, -1)],
            [topic, `${good}\n`],
            [topic, base64(message.payload.subarray(0, 50))],
            [topic, base64(Uint8Array.of(9, 9))],
            [topic, base64(message.tombstone)],
            ["ember/v1/ack-tombstones", good],
            [topic, "A".repeat(300_000)],
            [topic, "A".repeat(5_000_000)],
        ] as const)
            await client.publishAsync(where, text, { qos: 1 });
        await client.publishAsync("ember/v1/messages/no/key/at/all", good, { qos: 1 });
        await until(() => rig.arrived.length > 0, "the good one");
        expect(rig.arrived.map(hex)).toEqual([hex(message.payload)]);
        expect(rig.notices).toHaveLength(1);
        await client.publishAsync(messageTopicOf(retained), base64(retained.payload), { qos: 1, retain: true });
        await until(() => rig.arrived.length === 2, "as it is published");
        await closeRigs();
        const later = await openRig(broker.url);
        await until(() => later.notices.length > 0, "as it is kept");
        expect(later.notices[0]).toContain("retained");
        expect(later.arrived).toEqual([]);
        await client.endAsync(true);
    });

    it("comes back by itself after the broker does, with one line for each change", async () => {
        const rig = await openRig(broker.url);
        await until(() => isUp(rig), "up");
        await broker.stop();
        await until(() => rig.states.at(-1)?.kind === "down", "down");
        expect(await rig.carrier.send(parcelOf(testMessage(1)), never)).toMatchObject({ kind: "failed" });
        // Long enough for several tries in vain.
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        await broker.start();
        await until(() => isUp(rig), "up again");
        const kinds = rig.states.map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === "up")).toHaveLength(2);
        expect(kinds.length).toBeLessThanOrEqual(5);
        // Subscribed again, which Ember is not.
        const { client } = await openOther(broker.url);
        await client.publishAsync(messageTopicOf(testMessage(1)), base64(testMessage(1).payload), { qos: 1 });
        await until(() => rig.arrived.length === 1, "a message");
        await client.endAsync(true);
    });

    it("fits its largest payload into Ember's packets", async () => {
        const { client, seen } = await openOther(broker.url);
        await client.subscribeAsync("#", { qos: 1 });
        const rig = await openRig(broker.url);
        await until(() => isUp(rig), "up");
        const empty = testMessage(1, { size: 1000 }).payload.length - 1000;
        const message = testMessage(1, { size: payloadSizeMax("ember/v1") - empty });
        expect(message.payload.length).toBe(rig.carrier.traits.payloadSizeMax);
        expect(await rig.carrier.send(parcelOf(message), never)).toEqual({ kind: "handed_over", repeats: true });
        await until(() => seen.length === 1, "seen");
        const [only] = seen;
        const packet = 1 + 2 + 2 + (only?.topic.length ?? 0) + 2 + (only?.text.length ?? 0);
        expect(packet).toBeLessThanOrEqual(10_240);
        expect(packet).toBeGreaterThan(10_230);
        await client.endAsync(true);
    });
});
