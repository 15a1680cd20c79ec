import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { systemClock } from "../../src/app/clock.ts";
import { loadConfig } from "../../src/app/config/load.ts";
import { makeLog } from "../../src/app/log.ts";
import { type Station as Gateway, openStation } from "../../src/app/station.ts";
import { toHex } from "../../src/base/encoding.ts";
import { makeMailboxClient } from "../../src/carriers/http/mailbox-client.ts";
import { LORA, loraCarrierOf } from "./carrier.ts";
import { KIND_NAMES, KINDS, type KindName, type Station } from "./kinds.ts";
import { mailboxesOf, trafficFor } from "./traffic.ts";
import { ptyWire } from "./wires.ts";

/** Whole gateways in real time: HTTP, SQLite, fsync, the serial package on pseudo-terminals. Only device and air are not real. */
const TIMEOUT_MS = 120_000;
const ENVELOPES = 3;
const SEED = 7;
const WEATHER = { loss: 0.2, duplication: 0.02 };

/** The device stays away for so long. */
const AWAY_MS = 500;

/** What a gateway told so far. */
interface News {
    /** Of its radio, in order. */
    readonly states: string[];
    stored: number;
    /** Offers that a neighbour has taken. */
    brought: number;
}

interface Island {
    readonly gateway: Gateway;
    readonly station: Station;
    readonly news: News;
}

const directory = mkdtempSync(join(tmpdir(), "hearth-serial-islands-"));
const running: Island[] = [];

// All kinds run at the same time, the slow ones first, because most of it is waiting.
afterAll(async () => {
    await Promise.all(running.map(({ gateway }) => gateway.stop()));
    rmSync(directory, { recursive: true });
});

async function openIsland(kind: KindName, air: Air, number: number): Promise<Island> {
    const defaults = loadConfig([]);
    if (!defaults.ok) throw new Error("the defaults are no configuration");
    const station = await KINDS[kind]({ air, clock: systemClock, number, wire: ptyWire });
    const http = { ...defaults.value.http, listen: { host: "127.0.0.1", port: 0 } };
    const news: News = { states: [], stored: 0, brought: 0 };
    const gateway = await openStation({
        config: { ...defaults.value, dataDir: join(directory, `${kind}-${number}`), http },
        clock: systemClock,
        log: makeLog({ level: "error", json: false, now: Date.now, write: () => undefined }),
        onEvent: (event) => {
            if (event.kind === "depot_error" || event.carrier !== LORA) return;
            if (event.kind === "state") news.states.push(event.state.kind);
            if (event.kind === "sent" && event.outcome.kind === "peer_stored") news.brought++;
            if (event.kind === "arrival" && event.arrival.kind === "stored") news.stored++;
        },
        makeRadios: ({ depot, clock }) => [loraCarrierOf({ station, depot, clock, node: number, seed: SEED + number })],
    });
    const island = { gateway, station, news };
    running.push(island);
    return island;
}

async function until(done: () => boolean): Promise<void> {
    const end = Date.now() + TIMEOUT_MS;
    while (Date.now() < end && !done()) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done()).toBe(true);
}

const mailboxOf = ({ gateway }: Island) => makeMailboxClient({ url: gateway.mailboxUrl, clock: systemClock });

async function fetchedFrom(island: Island, routingKeys: readonly Uint8Array[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const routingKey of routingKeys.slice(0, ENVELOPES)) {
        const fetched = await mailboxOf(island).fetchAll(routingKey);
        if (!fetched.ok) throw new Error(fetched.error.detail);
        found.push(...fetched.value.payloads.map(toHex));
    }
    return found.sort();
}

it.concurrent.each([...KIND_NAMES].reverse())(
    "two gateways with a %s on pseudo-terminals bring envelopes both ways through loss and an unplug",
    { timeout: TIMEOUT_MS },
    async (kind) => {
        const air = new Air({ clock: systemClock, seed: SEED, weather: WEATHER });
        const islands = [await openIsland(kind, air, 1), await openIsland(kind, air, 2)] as const;
        const traffic = [trafficFor(2, ENVELOPES, SEED), trafficFor(1, ENVELOPES, SEED)] as const;
        await until(() => islands.every(({ news }) => news.states.at(-1) === "up"));
        for (const [index, payloads] of traffic.entries()) {
            const submitted = await mailboxOf(islands[index === 0 ? 0 : 1]).submit(payloads);
            expect(submitted).toMatchObject({ ok: true, value: payloads.map(() => ({ status: "ok" })) });
        }
        const [near, far] = islands;
        await until(() => near.news.stored + far.news.stored > 0);
        await near.station.wire.unplug();
        await until(() => near.news.states.at(-1) === "down");
        await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
        await near.station.wire.plugIn();
        await until(() => islands.every(({ news }) => news.stored === ENVELOPES && news.brought === ENVELOPES));
        expect(await fetchedFrom(far, mailboxesOf(2))).toEqual(traffic[0].map(toHex).sort());
        expect(await fetchedFrom(near, mailboxesOf(1))).toEqual(traffic[1].map(toHex).sort());
    },
);
