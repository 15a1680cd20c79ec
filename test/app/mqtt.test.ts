import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/app/clock.ts";
import { loadConfig } from "../../src/app/config/load.ts";
import { fromToml } from "../../src/app/config/sources.ts";
import type { GatewayEvent } from "../../src/app/gateway.ts";
import { makeLog } from "../../src/app/log.ts";
import { openStation, type Station } from "../../src/app/station.ts";
import { makeMailboxClient } from "../../src/carriers/http/mailbox-client.ts";
import { openOther, until, WAIT_MS } from "../carriers/mqtt/rig.ts";
import { type TestMessage, testMessage } from "../support/envelopes.ts";
import { Mosquitto, noMosquitto } from "../support/mosquitto.ts";

/** Whole gateways in real time over real brokers. */
const TIMEOUT_MS = WAIT_MS * 4;

let directory: string;
const stations: Station[] = [];
const brokers: Mosquitto[] = [];

beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-mqtt-"));
});
afterEach(async () => {
    await Promise.all(stations.splice(0).map((station) => station.stop()));
    await Promise.all(brokers.splice(0).map((broker) => broker.remove()));
    rmSync(directory, { recursive: true });
});

interface Gateway {
    readonly station: Station;
    readonly events: GatewayEvent[];
    readonly lines: string[];
}

async function startBroker(): Promise<Mosquitto> {
    const broker = await new Mosquitto().start();
    brokers.push(broker);
    return broker;
}

async function startGateway(name: string, brokerLines: readonly string[]): Promise<Gateway> {
    const tables = brokerLines.map((lines) => `[[mqtt]]\n${lines}`).join("\n");
    const limits = "[http.limits]\nsubmit_ip_rps = 0\nsubmit_key_rps = 0\nfetch_ip_rps = 0\nfetch_key_rps = 0\n";
    const source = fromToml(`name = "${name}"\n[http]\nlisten = "127.0.0.1:0"\n${limits}${tables}`, "test.toml");
    if (!source.ok) throw new Error(source.error);
    const config = loadConfig([source.value]);
    if (!config.ok) throw new Error(config.error.join("\n"));
    const [events, lines]: [GatewayEvent[], string[]] = [[], []];
    const station = await openStation({
        config: { ...config.value, dataDir: join(directory, name) },
        clock: systemClock,
        log: makeLog({ level: "debug", json: false, now: Date.now, write: (line) => lines.push(line) }),
        onEvent: (event) => events.push(event),
        makeRadios: () => [],
    });
    stations.push(station);
    return { station, events, lines };
}

async function stopGateway({ station }: Gateway): Promise<void> {
    stations.splice(stations.indexOf(station), 1);
    await station.stop();
}

function isUp({ events }: Gateway, carrier = "mqtt"): boolean {
    const last = events.findLast((event) => event.kind === "state" && event.carrier === carrier);
    return last?.kind === "state" && last.state.kind === "up";
}

const mailbox = ({ station }: Gateway) => makeMailboxClient({ url: station.mailboxUrl, clock: systemClock });

async function submit(gateway: Gateway, payloads: readonly Uint8Array[]): Promise<void> {
    const answer = await mailbox(gateway).submit(payloads);
    if (!answer.ok) throw new Error(answer.error.detail);
}

async function payloadsAt(gateway: Gateway, key = testMessage(1).routingKey): Promise<readonly string[]> {
    const fetched = await mailbox(gateway).fetchAll(key);
    if (!fetched.ok) throw new Error(fetched.error.detail);
    return fetched.value.payloads.map(hex).sort();
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const sorted = (messages: readonly TestMessage[]): readonly string[] =>
    messages.map(({ payload }) => hex(payload)).sort();
const handedOver = ({ events }: Gateway): number =>
    events.filter((event) => event.kind === "sent" && event.outcome.kind === "handed_over").length;

describe.skipIf(noMosquitto)("two gateways", { timeout: TIMEOUT_MS }, () => {
    it("bring a message and its tombstone over a broker, byte for byte, and hear themselves without harm", async () => {
        const { url } = await startBroker();
        const [near, far] = [
            await startGateway("near", [`url = "${url}"`]),
            await startGateway("far", [`url = "${url}"`]),
        ];
        await until(() => isUp(near) && isUp(far), "up");
        const message = testMessage(1);
        const payload = Uint8Array.from([...message.payload, 1, 2, 3]);
        await submit(near, [payload]);
        await until(async () => (await payloadsAt(far)).length === 1, "at far");
        expect(await payloadsAt(far)).toEqual([hex(payload)]);
        await submit(far, [message.tombstone]);
        await until(async () => (await payloadsAt(near)).length === 0, "gone at near");
        expect(await payloadsAt(far)).toEqual([]);
        await until(() => handedOver(far) > 0, "the tombstone is handed over");
        // Once each: what came from the broker does not go back to it.
        expect([handedOver(near), handedOver(far)]).toEqual([1, 1]);
        const echoes = near.events.filter((event) => event.kind === "arrival" && event.arrival.kind === "duplicate");
        expect(echoes.length).toBeGreaterThan(0);
    });

    it("lose nothing and keep nothing twice while the broker and one of them are away for a while", async () => {
        const broker = await startBroker();
        const lines = [`url = "${broker.url}"`];
        const near = await startGateway("near", lines);
        let far = await startGateway("far", lines);
        await until(() => isUp(near) && isUp(far), "up");
        const messages = Array.from({ length: 300 }, (_, number) => testMessage(number));
        for (let from = 0; from < messages.length; from += 50) {
            await submit(
                near,
                messages.slice(from, from + 50).map(({ payload }) => payload),
            );
            if (from === 50) await broker.stop();
            if (from === 100) await broker.start();
            if (from === 150) await stopGateway(far);
            if (from === 250) far = await startGateway("far", lines);
        }
        await until(async () => (await payloadsAt(far)).length === messages.length, "all at far");
        expect(await payloadsAt(far)).toEqual(sorted(messages));
        expect(await payloadsAt(near)).toEqual(sorted(messages));
    });

    it("and two brokers make no loop: each payload goes to each broker once from each", async () => {
        const [one, two] = [await startBroker(), await startBroker()];
        const lines = [one, two].map(({ url }) => `url = "${url}"\nstate = false`);
        const [near, far] = [await startGateway("near", lines), await startGateway("far", lines)];
        const all = [near, far].flatMap((gateway) => ["mqtt", "mqtt2"].map((carrier) => ({ gateway, carrier })));
        await until(() => all.every(({ gateway, carrier }) => isUp(gateway, carrier)), "up");
        const watchers = [await openOther(one.url), await openOther(two.url)];
        for (const { client } of watchers) await client.subscribeAsync("#", { qos: 1 });
        const messages = Array.from({ length: 50 }, (_, number) => testMessage(number));
        await submit(
            near,
            messages.map(({ payload }) => payload),
        );
        await until(async () => (await payloadsAt(far)).length === messages.length, "all at far");
        await until(() => watchers.every(({ seen }) => seen.length >= messages.length), "seen");
        // Whatever went round would still go round.
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        // Near tells both brokers; far passes on to the other one what it heard from one first.
        const total = watchers.reduce((sum, { seen }) => sum + seen.length, 0);
        expect(total).toBeGreaterThanOrEqual(messages.length * 2);
        expect(total).toBeLessThanOrEqual(messages.length * 3);
        for (const { seen, client } of watchers) {
            expect(seen.length).toBeLessThanOrEqual(messages.length * 2);
            await client.endAsync(true);
        }
        expect(await payloadsAt(near)).toEqual(sorted(messages));
    });
});

describe.skipIf(noMosquitto)("a dashboard", { timeout: TIMEOUT_MS }, () => {
    async function retained(url: string): Promise<ReadonlyMap<string, string>> {
        const { client, seen } = await openOther(url);
        await client.subscribeAsync(["hearth/#", "homeassistant/#"], { qos: 1 });
        await new Promise((resolve) => setTimeout(resolve, 300));
        await client.endAsync(true);
        return new Map(seen.filter(({ retain }) => retain).map(({ topic, text }) => [topic, text]));
    }

    it("sees a gateway come, count and go, also when it goes without a word", async () => {
        const broker = await startBroker();
        const lines = [`url = "${broker.url}"\nid = "home"\nclient_id = "hilltop"`];
        const gateway = await startGateway("hill top", lines);
        const state = async (): Promise<unknown> =>
            JSON.parse((await retained(broker.url)).get("hearth/hill-top/state") ?? "{}");
        await until(async () => JSON.stringify(await state()).includes("online"), "online");
        expect(await state()).toEqual({ state: "online", queue: 0, airtime_ms_hour: 0, neighbours: 0, radios: {} });
        await stopGateway(gateway);
        expect(await state()).toEqual({ state: "offline" });
        const again = await startGateway("hill top", lines);
        await until(async () => JSON.stringify(await state()).includes("online"), "online again");
        // Somebody takes its session: the broker cuts it off, as a dead connection.
        const { client } = await openOther(broker.url, { clientId: "hilltop" });
        await client.endAsync(true);
        await until(
            () => again.events.some((event) => event.kind === "state" && event.state.kind === "down"),
            "cut off",
        );
        await until(() => isUp(again, "home"), "back");
    });

    it("is described to Home Assistant when that is wanted, and the description goes when it is not", async () => {
        const broker = await startBroker();
        const url = `url = "${broker.url}"`;
        const topics = async (): Promise<readonly string[]> => [...(await retained(broker.url)).keys()].sort();
        const wanting = await startGateway("hill", [`${url}\nhome_assistant = true`]);
        await until(async () => (await topics()).length === 4, "described");
        const found = await retained(broker.url);
        for (const [topic, text] of found) {
            if (!topic.startsWith("homeassistant/")) continue;
            expect(topic).toMatch(/^homeassistant\/sensor\/hearth_[0-9a-f]{16}\/(?:queue|airtime|neighbours)\/config$/);
            expect(JSON.parse(text)).toMatchObject({
                state_topic: "hearth/hill/state",
                availability_topic: "hearth/hill/state",
                payload_available: "online",
            });
        }
        await stopGateway(wanting);
        const content = await startGateway("hill", [url]);
        await until(async () => (await topics()).length === 1, "no longer described");
        await stopGateway(content);
        await startGateway("hill", [`${url}\nstate = false`]);
        await until(async () => (await topics()).length === 0, "nothing shown");
    });
});
