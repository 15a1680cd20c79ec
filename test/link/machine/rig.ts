import { blake3 } from "@noble/hashes/blake3.js";
import { toHex } from "../../../src/base/encoding.ts";
import { makePrng } from "../../../src/base/prng.ts";
import type { Millis } from "../../../src/base/time.ts";
import { makeLink } from "../../../src/link/machine/machine.ts";
import type { LinkOptions } from "../../../src/link/machine/options.ts";
import { LinkStation, type LinkStationOptions, type Verdict } from "../../sim/link-station.ts";
import type { SimAir } from "../../sim/sim-air.ts";
import { id16, testMessage } from "../../support/envelopes.ts";
import { canonicalMessage, NOW_HOUR } from "../block/rig.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** A relay tries again so long after a failure. */
const AGAIN_MS = 30_000;

export interface EndOptions extends Partial<Omit<LinkOptions, "airtimeMs">> {
    readonly verdict?: (payload: Uint8Array) => Verdict;
    readonly fsyncMs?: LinkStationOptions["fsyncMs"];
    /** The relay gives up after so many failures of one payload. */
    readonly triesMax?: number;
    /** The link's snapshots are lost at every restart. */
    readonly forgets?: true;
}

/** What became of a payload in the end. */
export type End = "acknowledged" | "rejected" | "failed";

/** A gateway as the link sees it: a station, and a relay that offers again what failed and after a restart what is not over. */
export class LinkEnd {
    readonly at: LinkStation;
    /** Of each payload offered here, in hex; undefined while it is under way. */
    readonly ends = new Map<string, End | undefined>();
    /** Deliveries of the present life, in hex. */
    readonly delivered: string[] = [];
    /** How often the link gave each payload back. */
    readonly failures = new Map<string, number>();
    withdrawals = 0;
    framesSent = 0;
    bytesSent = 0;
    /** For the next life. */
    frameSizeMax: number;
    readonly #air: SimAir;
    readonly #options: EndOptions;
    readonly #payloads = new Map<number, Uint8Array>();
    #offers = 0;

    constructor(air: SimAir, options: EndOptions = {}) {
        const { frameSizeMax = 222, forgets, verdict, fsyncMs } = options;
        this.#air = air;
        this.#options = options;
        this.frameSizeMax = frameSizeMax;
        const node = options.node ?? Math.floor(air.random() * 0x4000);
        this.at = new LinkStation({
            air,
            ...(verdict ? { verdict } : {}),
            ...(fsyncMs ? { fsyncMs } : {}),
            makeLink: (station, random, snapshot) => {
                return makeLink({
                    digest: blake3,
                    hour: () => NOW_HOUR,
                    airtimeMs: (size) => station.airtimeMs(size),
                    ...options,
                    seed: Math.floor(random() * 2 ** 32),
                    node,
                    frameSizeMax: this.frameSizeMax,
                    snapshot: forgets ? undefined : snapshot,
                });
            },
            onEffect: (effect) => this.#see(effect),
        });
    }

    offer(...payloads: readonly Uint8Array[]): void {
        for (const payload of payloads) {
            const offer = ++this.#offers;
            this.#payloads.set(offer, payload);
            this.ends.set(toHex(payload), undefined);
            this.at.offer(offer, payload);
        }
    }

    withdraw(payload: Uint8Array): void {
        this.withdrawals++;
        for (const [offer, each] of this.#payloads) {
            if (toHex(each) !== toHex(payload)) continue;
            this.#payloads.delete(offer);
            this.ends.delete(toHex(payload));
            this.at.give({ kind: "withdraw", offer });
        }
    }

    endOf(payload: Uint8Array): End | undefined {
        return this.ends.get(toHex(payload));
    }

    get isDone(): boolean {
        return [...this.ends.values()].every((end) => end !== undefined);
    }

    /** The process dies; the relay offers again what it still has when it is back. */
    restart(awayMs: Millis = 0): void {
        this.delivered.length = 0;
        const again = [...this.#payloads.values()];
        this.#payloads.clear();
        this.at.restart(awayMs);
        this.#air.schedule(this.#air.now + awayMs, () => this.offer(...again));
    }

    #see(effect: Parameters<NonNullable<LinkStationOptions["onEffect"]>>[0]): void {
        if (effect.kind === "transmit") {
            this.framesSent++;
            this.bytesSent += effect.frame.length;
        } else if (effect.kind === "deliver") this.delivered.push(toHex(effect.payload));
        else if ("offer" in effect) this.#end(effect.offer, effect.kind);
    }

    #end(offer: number, kind: End): void {
        const payload = this.#payloads.get(offer);
        if (!payload) throw new Error(`offer ${offer} ended after it was withdrawn`);
        this.#payloads.delete(offer);
        const name = toHex(payload);
        const failures = (this.failures.get(name) ?? 0) + (kind === "failed" ? 1 : 0);
        if (failures > 0) this.failures.set(name, failures);
        if (kind !== "failed" || failures >= (this.#options.triesMax ?? 30)) {
            this.ends.set(name, kind);
            return;
        }
        this.#payloads.set(-1 - offer, payload);
        this.#air.schedule(this.#air.now + AGAIN_MS, () => {
            if (this.#payloads.delete(-1 - offer)) this.offer(payload);
        });
    }
}

/** Bytes that nothing compacts. */
export function noise(seed: number, size: number): Uint8Array {
    const random = makePrng(seed * 7919 + size);
    return Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
}

/** A message of Ember's client; others have other keys. */
export function message(
    number: number,
    options: { readonly key?: number; readonly hour?: number; readonly size?: number } = {},
) {
    return canonicalMessage({
        number,
        routingKey: id16(options.key ?? number, 0xb0),
        ciphertextSize: options.size ?? 144,
        ...(options.hour === undefined ? {} : { hour: options.hour }),
    });
}

export function tombstone(number: number): Uint8Array {
    return testMessage(number).tombstone;
}

/** Ends of these stations when all is over; the run fails where it does not come to an end. */
export function runOut(air: SimAir, ends: readonly LinkEnd[], latestMs: Millis = 12 * HOUR_MS): boolean {
    return air.run(() => ends.every(({ isDone }) => isDone), air.now + latestMs);
}
