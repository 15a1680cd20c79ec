import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ARRIVALS_MAX } from "../../../src/carriers/mqtt/limits.ts";
import { testMessage } from "../../support/envelopes.ts";
import { Mosquitto, noMosquitto } from "../../support/mosquitto.ts";
import { base64, closeRigs, isUp, messageTopicOf, openOther, openRig, until } from "./rig.ts";

const TIMEOUT_MS = 180_000;
const FLOOD = 100_000;
/** What may stay in the heap from the first half of the flood to the second, in bytes; each half is some 35 MB. */
const GROWTH_MAX = 4 * 1024 * 1024;
/** From its emptiest to its fullest, in bytes. */
const SWING_MAX = 60 * 1024 * 1024;

describe.skipIf(noMosquitto)("a flood", { timeout: TIMEOUT_MS }, () => {
    let broker: Mosquitto;
    beforeEach(async () => {
        broker = await new Mosquitto({ config: "max_queued_messages 0" }).start();
    });
    afterEach(async () => {
        await closeRigs();
        await broker.remove();
    });

    it(`of ${FLOOD} messages that mean nothing costs no memory, no log and not the good message behind it`, async () => {
        const rig = await openRig(broker.url);
        await until(() => isUp(rig), "up");
        const message = testMessage(1);
        const samples: number[] = [];
        const watch = setInterval(() => {
            const { heapUsed, external } = process.memoryUsage();
            samples.push(heapUsed + external);
        }, 50);
        const child = join(import.meta.dirname, "flood-child.ts");
        const args = [child, broker.url, String(FLOOD), messageTopicOf(message), base64(message.payload)];
        await promisify(execFile)(process.execPath, args);
        while (rig.arrived.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
        clearInterval(watch);
        expect(rig.arrived).toHaveLength(1);
        // Between two collections of garbage the heap always grows; what stays is its floor.
        const half = samples.length >> 1;
        const growth = Math.min(...samples.slice(half)) - Math.min(...samples.slice(0, half));
        expect(half).toBeGreaterThan(10);
        expect(growth).toBeLessThan(GROWTH_MAX);
        expect(Math.max(...samples) - Math.min(...samples)).toBeLessThan(SWING_MAX);
        expect(rig.notices.length).toBeLessThan(5);
    });

    it("of messages that the depot is slow with waits at the broker, beyond a named number", async () => {
        const rig = await openRig(broker.url);
        const release: (() => void)[] = [];
        rig.answer = () => new Promise((resolve) => release.push(() => resolve({ kind: "stored" })));
        await until(() => isUp(rig), "up");
        const { client } = await openOther(broker.url);
        const count = 400;
        // Without quality of service the broker does not hold back by itself.
        for (let number = 0; number < count; number++)
            await client.publishAsync(messageTopicOf(testMessage(number)), base64(testMessage(number).payload));
        await until(() => rig.arrived.length === ARRIVALS_MAX, "the limit");
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(rig.arrived).toHaveLength(ARRIVALS_MAX);
        rig.answer = async () => ({ kind: "stored" });
        for (const each of release) each();
        await until(() => rig.arrived.length === count, "all of them");
        await client.endAsync(true);
    });
});
