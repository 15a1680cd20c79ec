import { afterEach, expect, it } from "vitest";
import { toHex } from "../../src/base/encoding.ts";
import { readTrace } from "../../src/depot/sqlite/trace.ts";
import { id16, type TestMessage, testMessage } from "../support/envelopes.ts";
import { Island } from "./two-gateways.ts";

/** Real processes, real disks, real kills. */
const TEST_MS = 120_000;
const COUNT = 200;
const BATCH = 25;
const KEY = id16(7, 0xb0);
const HOUR_MS = 3_600_000;

const islands: Island[] = [];

afterEach(async () => {
    for (const island of islands.splice(0)) await island.remove();
});

async function pair(lines: readonly string[]): Promise<readonly [Island, Island]> {
    const [near, far] = [await Island.make("near"), await Island.make("far")];
    islands.push(near, far);
    near.configure(far, lines);
    far.configure(near, lines);
    return [near, far];
}

const fresh = (number: number): TestMessage =>
    testMessage(number, { routingKey: KEY, timestampHours: Math.floor(Date.now() / HOUR_MS) });

async function submit(island: Island, numbers: readonly number[]): Promise<void> {
    for (let at = 0; at < numbers.length; at += BATCH) {
        const frames = numbers.slice(at, at + BATCH).map((number) => fresh(number).payload);
        const answer = await island.client.submit(frames);
        expect(answer.ok && answer.value.every(({ status }) => status === "ok")).toBe(true);
    }
}

async function held(island: Island): Promise<readonly string[]> {
    const fetched = await island.client.fetchAll(KEY);
    return fetched.ok ? fetched.value.payloads.map(toHex).sort() : [];
}

async function until(done: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + TEST_MS / 2;
    while (Date.now() < end && !(await done())) await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await done()).toBe(true);
}

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);

it("two gateways even out both ways, killed in the middle, each message once, tombstones too", {
    timeout: TEST_MS,
}, async () => {
    const [near, far] = await pair(['fetch = "none"']);
    await near.start();
    await far.start();
    await Promise.all([submit(near, range(0, COUNT)), submit(far, range(COUNT, 2 * COUNT))]);
    await far.kill();
    await submit(near, range(2 * COUNT, 3 * COUNT));
    await near.kill();
    await far.start();
    await submit(far, range(3 * COUNT, 4 * COUNT));
    await near.start();
    const all = range(0, 4 * COUNT)
        .map((number) => toHex(fresh(number).payload))
        .sort();
    await until(async () => (await held(near)).length === all.length && (await held(far)).length === all.length);
    expect(await held(near)).toEqual(all);
    expect(await held(far)).toEqual(all);
    for (const number of range(0, 10)) {
        const answer = await far.client.submit([fresh(number).tombstone]);
        expect(answer).toMatchObject({ ok: true, value: [{ status: "ok" }] });
    }
    await until(async () => (await held(near)).length === all.length - 10);
    // What came from there was never offered back; what went there has its receipt.
    for (const number of [COUNT - 1, COUNT, 3 * COUNT - 1, 4 * COUNT - 1]) {
        const { messageId } = fresh(number);
        const ways = [near, far].map(({ dataDir }) => readTrace(dataDir, messageId));
        expect(ways.map(({ deliveries }) => deliveries.length).sort()).toEqual([0, 1]);
        const [delivery] = ways.flatMap(({ deliveries }) => deliveries);
        expect(delivery).toMatchObject({ outcome: "stored" });
        expect(delivery?.receipt?.length).toBe(64);
    }
});

it("what one lacks although it was given to it is found by comparing, without being sent everything", {
    timeout: TEST_MS,
}, async () => {
    const [near, far] = await pair(["send = false", 'fetch = "replication"', "poll_s = 1"]);
    await near.start();
    await far.start();
    await submit(near, range(0, 60));
    await submit(far, range(40, 100));
    await until(async () => (await held(near)).length === 100 && (await held(far)).length === 100);
    expect(await held(near)).toEqual(await held(far));
});
