import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Gateway, type GatewayEvent } from "../../src/app/gateway.ts";
import type { Depot } from "../../src/depot/store.ts";
import { RELAY_LIMITS_DEFAULT } from "../../src/relay/limits.ts";
import { testMessage } from "../support/envelopes.ts";
import { FakeCarrier } from "../support/fake-carrier.ts";
import { openTestDepot } from "../support/test-depot.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Turns of a millisecond or more that a loaded machine's disk is waited for. */
const UNTIL_TURNS_MAX = 4_000;

let directory: string;
let depot: Depot;
let clock: VirtualClock;
let lora: FakeCarrier;
let http: FakeCarrier;
let gateway: Gateway;
let events: GatewayEvent[];

beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "hearth-gateway-"));
    clock = new VirtualClock();
    await boot();
});

afterEach(async () => {
    await gateway.stop();
    await depot.close();
    await rm(directory, { recursive: true, force: true });
});

async function boot(more: readonly FakeCarrier[] = []): Promise<void> {
    depot = await openTestDepot(directory);
    events = [];
    http = new FakeCarrier("http", { offers: false, unknownTombstone: "refuse", revives: true });
    lora = new FakeCarrier("lora", {});
    gateway = new Gateway({
        depot,
        carriers: [http, lora, ...more],
        clock,
        limits: RELAY_LIMITS_DEFAULT,
        onEvent: (event) => events.push(event),
    });
    await gateway.start();
}

async function reboot(more: readonly FakeCarrier[] = []): Promise<void> {
    await gateway.stop();
    await depot.close();
    await boot(more);
}

/** Lets what was committed reach the disk: real fsyncs take real time, while the virtual clock stands still. */
async function until(done: () => boolean): Promise<void> {
    for (let turn = 0; turn < UNTIL_TURNS_MAX && !done(); turn++)
        await new Promise((resolve) => setTimeout(resolve, 1));
    expect(done()).toBe(true);
}

describe("a gateway", () => {
    it("sends what came by one carrier to the other, never back, once", async () => {
        lora.up();
        expect(await http.receive(testMessage(1).payload)).toEqual({ kind: "stored" });
        await until(() => lora.sending.length === 1);
        expect(Uint8Array.from(lora.sending[0]?.parcel.payload ?? [])).toEqual(testMessage(1).payload);
        lora.settle(0, { kind: "peer_stored" });
        await until(() => events.some((event) => event.kind === "sent"));
        await lora.receive(testMessage(2).payload);
        await clock.advance(3_600_000);
        expect(lora.sent.length).toBe(1);
    });

    it("holds back while the carrier is down and works on no more than it may", async () => {
        for (const number of [1, 2, 3, 4]) await http.receive(testMessage(number).payload);
        expect(lora.sending.length).toBe(0);
        lora.up();
        await until(() => lora.sending.length === 2);
        await clock.advance(60_000);
        expect(lora.sending.length).toBe(2);
        lora.settle(0, { kind: "peer_stored" });
        await until(() => lora.sent.length === 3);
    });

    it("tries again after a failure, and again after a restart, until a peer has it", async () => {
        lora.up();
        await http.receive(testMessage(1).payload);
        await until(() => lora.sending.length === 1);
        lora.settle(0, { kind: "failed", detail: "nobody answered" });
        await until(() => events.some((event) => event.kind === "sent"));
        await clock.advance(10_000);
        await until(() => lora.sent.length === 2);
        expect(lora.sending[0]?.parcel.attempts).toBe(1);
        await reboot();
        lora.up();
        await until(() => lora.sending.length === 1);
        lora.settle(0, { kind: "peer_stored" });
        await until(() => events.some((event) => event.kind === "sent"));
        await reboot();
        lora.up();
        await clock.advance(3_600_000);
        expect(lora.sent.length).toBe(0);
    });

    it("calls back a send whose message was tombstoned, and sends the tombstone instead", async () => {
        lora.up();
        await http.receive(testMessage(1).payload);
        await until(() => lora.sending.length === 1);
        await http.receive(testMessage(1).tombstone);
        await until(() => lora.aborted.length === 1);
        await until(() => lora.sending.some(({ parcel }) => parcel.kind === "tombstone"));
    });

    it("gives a carrier that was added later its share", async () => {
        await http.receive(testMessage(1).payload);
        await lora.receive(testMessage(2).payload);
        const mesh = new FakeCarrier("mesh", {});
        await reboot([mesh]);
        mesh.up();
        await until(() => mesh.sending.length === 2);
    });

    it("stops offering what expired, and sweeps it out", async () => {
        await http.receive(testMessage(1, { ttlHours: 1 }).payload);
        await clock.advance(3_600_000);
        lora.up();
        await clock.advance(120_000);
        await until(() => depot.store.totalFill().messages === 0);
        expect(lora.sent.length).toBe(0);
    });

    it("does not believe a clock that is before its own depot", async () => {
        await http.receive(testMessage(1).payload);
        clock.jumpWall(0);
        await reboot();
        await http.receive(testMessage(2, { ttlHours: 1 }).payload);
        expect(depot.store.message(testMessage(2).messageId)?.expiresAt).toBe(1_767_225_600 + 3600);
    });

    it("answers a failing disk with a refusal, and says so", async () => {
        await depot.close();
        expect(await http.receive(testMessage(1).payload)).toMatchObject({ kind: "refused", reason: "storage" });
        expect(events.some((event) => event.kind === "depot_error")).toBe(true);
    });
});
