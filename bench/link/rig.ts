import { blake3 } from "@noble/hashes/blake3.js";
import { makePrng } from "../../src/base/prng.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { makeLink } from "../../src/link/machine/machine.ts";
import { encodeMessagePayload } from "../../src/wire/payload.ts";
import { LinkStation } from "../../test/sim/link-station.ts";
import { SimAir } from "../../test/sim/sim-air.ts";

/** Hours since 1970 of every clock here. */
const HOUR = 490_896;

const HOUR_MS = 3_600_000;

/** Long enough for hellos and first questions. */
const SETTLING_MS = 120_000;

export interface Channel {
    readonly spreadingFactor: number;
    readonly frameSizeMax: number;
}

export function paramsOf({ spreadingFactor }: Channel) {
    return {
        frequencyHz: 868_100_000,
        spreadingFactor,
        bandwidthHz: 125_000,
        codingRate: 1,
        preambleSymbols: 8,
        powerDbm: 14,
    };
}

export function frameAirtimeMs(channel: Channel, size = channel.frameSizeMax): number {
    return loraAirtimeMs(paramsOf(channel), size);
}

export interface Island {
    readonly air: SimAir;
    readonly stations: readonly LinkStation[];
    /** Frames that each station sent since the last `reset`, by station. */
    readonly sent: { frames: number; bytes: number; airtimeMs: number; data: number; turns: number }[];
    reset(): void;
}

export interface IslandOptions {
    readonly seed: number;
    readonly channel: Channel;
    readonly stations?: number;
    readonly loss?: number;
    readonly fsyncMs?: { readonly least: number; readonly most: number };
}

/** Stations that all hear each other and know it. */
export function makeIsland({
    seed,
    channel,
    stations: count = 2,
    loss = 0,
    fsyncMs = { least: 5, most: 25 },
}: IslandOptions): Island {
    const air = new SimAir({ seed, params: paramsOf(channel), weather: { loss: 0 } });
    const sent = Array.from({ length: count }, () => ({ frames: 0, bytes: 0, airtimeMs: 0, data: 0, turns: 0 }));
    const stations = sent.map(
        (sums, index) =>
            new LinkStation({
                air,
                fsyncMs,
                makeLink: (station, random) =>
                    makeLink({
                        node: index + 1,
                        seed: Math.floor(random() * 2 ** 32),
                        digest: blake3,
                        frameSizeMax: channel.frameSizeMax,
                        airtimeMs: (size) => station.airtimeMs(size),
                        hour: () => HOUR,
                    }),
                onEffect: (effect) => {
                    if (effect.kind !== "transmit") return;
                    sums.frames++;
                    sums.bytes += effect.frame.length;
                    sums.airtimeMs += frameAirtimeMs(channel, effect.frame.length);
                    if (effect.purpose === "data") sums.data++;
                    if (effect.purpose === "data" && asks(effect.frame)) sums.turns++;
                },
            }),
    );
    for (const station of stations) station.give({ kind: "tick" });
    air.run(SETTLING_MS);
    air.setWeather({ loss });
    return {
        air,
        stations,
        sent,
        reset: () => {
            for (const sums of sent) Object.assign(sums, { frames: 0, bytes: 0, airtimeMs: 0, data: 0, turns: 0 });
        },
    };
}

/** Whether its sender listens after this frame: one wait for an answer. */
function asks(frame: Uint8Array): boolean {
    const kind = ((frame[0] ?? 0) >> 4) & 3;
    return kind === 0 || kind === 3 || ((frame[2] ?? 0) & 3) === 0;
}

/** Brings one payload from the first station to all others; throws when it does not arrive. */
export function carry({ air, stations }: Island, offer: number, payload: Uint8Array): void {
    const [from] = stations;
    from?.offer(offer, payload);
    if (!from || !air.run(() => from.outcomes.has(offer), air.now + 10 * HOUR_MS))
        throw new Error(`offer ${offer} has no end`);
    if (from.outcomes.get(offer)?.kind !== "acknowledged") throw new Error(`offer ${offer} failed`);
    // Answers that follow the last one are paid for as well.
    air.run(air.now + 5_000);
}

/** A sealed message as every relay sees it, with random bytes where it has ciphertext. */
export function messageOf(seed: number, textSize: number, routingKey = new Uint8Array(16).fill(7)): Uint8Array {
    const random = makePrng(seed);
    const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
    const messageId = bytes(16);
    messageId[6] = ((messageId[6] ?? 0) & 0x0f) | 0x40;
    messageId[8] = ((messageId[8] ?? 0) & 0x3f) | 0x80;
    const ephemeralKey = bytes(32);
    ephemeralKey[31] = (ephemeralKey[31] ?? 0) & 0x7f;
    return encodeMessagePayload({
        version: { major: 0, minor: 0 },
        routingKey,
        timestampHours: HOUR,
        ttlHours: 168,
        messageId,
        ephemeralKey,
        ackHash: bytes(16),
        innerCiphertext: bytes(CIPHERTEXT_OVERHEAD + textSize),
    });
}

/** Inner envelope without a conversation's history, signature and tag: SPEC section 8. */
const CIPHERTEXT_OVERHEAD = 44 + 64 + 16;

export function randomPayload(seed: number, size: number): Uint8Array {
    const random = makePrng(seed);
    return Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
}
