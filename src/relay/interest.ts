import { concatBytes } from "../base/bytes.ts";
import { fromHex, toHex } from "../base/encoding.ts";
import type { UnixSeconds } from "../base/time.ts";

/** Routing keys remembered for one carrier; the one asked for longest ago goes first. */
export const INTEREST_KEYS_MAX = 1_024;

/** Whoever still wants it asks again within this time, in seconds. */
export const INTEREST_S = 48 * 3_600;

const KEY_SIZE = 16;
const ENTRY_SIZE = KEY_SIZE + 8;

/** What those beyond a carrier have asked for. */
export class Interest {
    readonly #askedAt = new Map<string, UnixSeconds>();

    /** Anything but what `snapshot` gave is taken for nothing. */
    constructor(snapshot: Uint8Array = new Uint8Array(0)) {
        if (snapshot.length % ENTRY_SIZE !== 0) return;
        const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.length);
        for (let at = 0; at < Math.min(snapshot.length, INTEREST_KEYS_MAX * ENTRY_SIZE); at += ENTRY_SIZE) {
            this.#askedAt.set(toHex(snapshot.subarray(at, at + KEY_SIZE)), view.getFloat64(at + KEY_SIZE));
        }
    }

    ask(routingKeys: readonly Uint8Array[], now: UnixSeconds): void {
        for (const routingKey of routingKeys) {
            const key = toHex(routingKey);
            // The order of the map is the order of asking.
            this.#askedAt.delete(key);
            this.#askedAt.set(key, now);
            const [oldest] = this.#askedAt.keys();
            if (this.#askedAt.size > INTEREST_KEYS_MAX && oldest !== undefined) this.#askedAt.delete(oldest);
        }
    }

    has(routingKey: Uint8Array, now: UnixSeconds): boolean {
        return isFresh(this.#askedAt.get(toHex(routingKey)), now);
    }

    keys(now: UnixSeconds): readonly Uint8Array[] {
        return [...this.#askedAt].filter(([, at]) => isFresh(at, now)).flatMap(([key]) => fromHex(key) ?? []);
    }

    snapshot(): Uint8Array {
        const entries = [...this.#askedAt].map(([key, at]) => {
            const time = new Uint8Array(8);
            new DataView(time.buffer).setFloat64(0, at);
            return concatBytes(fromHex(key) ?? new Uint8Array(KEY_SIZE), time);
        });
        return concatBytes(...entries);
    }
}

function isFresh(askedAt: UnixSeconds | undefined, now: UnixSeconds): boolean {
    return askedAt !== undefined && now < askedAt + INTEREST_S;
}
