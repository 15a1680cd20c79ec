import type { FirmwareRetries } from "../src/carriers/meshtastic/mesh-modem.ts";
import { type GatewayRig, Row, send } from "../test/carriers/meshtastic/rig.ts";
import type { Bench, Figure } from "./figure.ts";
import { messageOf } from "./link/rig.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const HOUR_MS = 3_600_000;
/** Of envelopes that are under way together, one after the other. */
const MESSAGES = 24;
const AT_ONCE = 8;
/** An envelope of 294 bytes as two packets. */
const FIRMWARE_PACKETS = [219, 75];

type Report = (figure: Figure) => void;

export const bench: Bench = {
    title: `the link over Meshtastic (emulated nodes, virtual time, SHORT_FAST, ${SEEDS.length} seeds)`,
    async run(report) {
        for (const characters of [20, 100]) await message(report, characters);
        for (const { relays, loss } of [
            { relays: 0, loss: 0 },
            { relays: 0, loss: 0.15 },
            { relays: 2, loss: 0 },
            { relays: 2, loss: 0.15 },
        ]) {
            for (const retries of ["none", "data", "all"] as const) await flow(report, relays, loss, retries);
            await firmwareAlone(report, relays, loss);
        }
        await bundle(report);
    },
};

/** One message to a recipient that is known, without loss, between neighbours; relays send all of it again. */
async function message(report: Report, characters: number): Promise<void> {
    const row = new Row({ seed: 1, relays: 0, parts: { share: 1 } });
    const [near, far] = await row.ends();
    await brought(row, near, messageOf(1, characters));
    await row.clock.advance(120_000);
    let bytes = 0;
    let packets = 0;
    row.air.onTransmission(({ data, airBytes }) => {
        if (data.portnum !== 256) return;
        bytes += airBytes;
        packets++;
    });
    await brought(row, near, messageOf(2, characters));
    report({ name: `meshtastic.${characters}chars.bytes`, value: bytes, unit: "bytes", target: null, better: "lower" });
    report({
        name: `meshtastic.${characters}chars.packets`,
        value: packets,
        unit: "packets",
        target: characters === 20 ? 2 : 3,
        better: "lower",
    });
    await stop(near, far);
}

/** Envelopes of 294 bytes in small groups: what firmware's own retries add to the link's repair. */
async function flow(report: Report, relays: number, loss: number, retries: FirmwareRetries): Promise<void> {
    let [bytes, ms, arrived] = [0, 0, 0];
    for (const seed of SEEDS) {
        const row = new Row({ seed, relays, loss, parts: { share: 1, channelUseMax: 100, retries } });
        const [near, far] = await row.ends();
        await brought(row, near, messageOf(1, 100));
        const before = { bytes: row.air.statistics.bytes, ms: row.clock.now().monotonic };
        for (let first = 2; first < MESSAGES + 2; first += AT_ONCE) {
            const group = Array.from({ length: AT_ONCE }, (_, index) => send(near, messageOf(first + index, 100)));
            await row.clock.runUntil(() => group.every(({ outcome }) => outcome !== undefined), 6 * HOUR_MS);
            arrived += group.filter(({ outcome }) => outcome?.kind === "peer_stored").length;
        }
        bytes += row.air.statistics.bytes - before.bytes;
        ms += row.clock.now().monotonic - before.ms;
        await stop(near, far);
    }
    tell(report, `${relays}relays.loss${loss * 100}.retries_${retries}`, { bytes, ms, arrived });
}

/** The same envelopes cut in two packets that firmware alone brings over: one try of three sends for each. */
async function firmwareAlone(report: Report, relays: number, loss: number): Promise<void> {
    let [bytes, ms, arrived] = [0, 0, 0];
    for (const seed of SEEDS) {
        const row = new Row({ seed, relays, loss });
        const [near, far] = await row.ends();
        const before = { bytes: row.air.statistics.bytes, ms: row.clock.now().monotonic };
        for (let number = 0; number < MESSAGES; number++) {
            const results: boolean[] = [];
            for (const size of FIRMWARE_PACKETS) {
                const sending = near.node.send({ to: far.emulator.number, bytes: new Uint8Array(size), wantAck: true });
                void sending.then((result) => results.push(result.ok && result.value.kind === "acked"));
            }
            await row.clock.runUntil(() => results.length === FIRMWARE_PACKETS.length, HOUR_MS);
            arrived += results.every((isAcked) => isAcked) ? 1 : 0;
        }
        bytes += row.air.statistics.bytes - before.bytes;
        ms += row.clock.now().monotonic - before.ms;
        await stop(near, far);
    }
    tell(report, `${relays}relays.loss${loss * 100}.firmware_alone`, { bytes, ms, arrived });
}

function tell(report: Report, name: string, sums: { bytes: number; ms: number; arrived: number }): void {
    const { bytes, ms, arrived } = sums;
    const figures = [
        { what: "air_bytes_per_message", value: bytes / arrived, unit: "bytes", better: "lower" },
        { what: "s_per_message", value: ms / 1000 / arrived, unit: "s", better: "lower" },
        { what: "arrived", value: (100 * arrived) / (MESSAGES * SEEDS.length), unit: "%", better: "higher" },
    ] as const;
    for (const { what, value, unit, better } of figures)
        report({ name: `meshtastic.${name}.${what}`, value: Math.round(value * 10) / 10, unit, target: null, better });
}

async function bundle(report: Report): Promise<void> {
    let arrived = 0;
    let bytes = 0;
    for (const seed of SEEDS) {
        const row = new Row({ seed, loss: 0.3, parts: { share: 1 } });
        const [near, far] = await row.ends();
        const before = row.air.statistics.bytes;
        arrived += (await brought(
            row,
            near,
            Uint8Array.from({ length: 3_000 }, (_, at) => (at * 7) % 251),
        ))
            ? 1
            : 0;
        bytes += row.air.statistics.bytes - before;
        await stop(near, far);
    }
    report({
        name: "meshtastic.3kb.loss30.arrived",
        value: arrived,
        unit: "of 8",
        target: SEEDS.length,
        better: "higher",
    });
    report({
        name: "meshtastic.3kb.loss30.bytes",
        value: bytes / SEEDS.length,
        unit: "bytes",
        target: null,
        better: "lower",
    });
}

async function brought(row: Row, from: GatewayRig, payload: Uint8Array): Promise<boolean> {
    const sending = send(from, payload);
    await row.clock.runUntil(() => sending.outcome !== undefined, 6 * HOUR_MS);
    return sending.outcome?.kind === "peer_stored";
}

async function stop(...ends: readonly GatewayRig[]): Promise<void> {
    await Promise.all(ends.map(({ mesh }) => mesh.carrier.stop()));
}
