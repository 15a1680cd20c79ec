import { toHex } from "../../base/encoding.ts";
import { messageIdOf, routingKeyOf } from "../block/item.ts";
import { KeyBook } from "../block/key-book.ts";
import type { BlockContext } from "../block/readings.ts";
import type { LinkOptions } from "./options.ts";

/** Message ids remembered. */
export const IDS_MAX = 4096;

/** Routing keys and message ids that a neighbour has, too. */
export const SHARED_MAX = 4096;

/** What this end knows for reading compact blocks, and what it believes that its neighbours know. */
export class Knowledge implements BlockContext {
    readonly keys: KeyBook;
    readonly digest: (bytes: Uint8Array) => Uint8Array;
    readonly #options: Pick<LinkOptions, "hour" | "messageIdsWith">;
    /** By their first 28 bits, oldest first. */
    readonly #ids = new Map<number, Uint8Array>();
    readonly #shared = new Set<string>();
    /** The hour that others said, for a station without a clock. */
    #heardHour: number | undefined;

    constructor(options: Pick<LinkOptions, "hour" | "messageIdsWith" | "digest">, keys: Iterable<Uint8Array> = []) {
        this.#options = options;
        this.digest = options.digest;
        this.keys = new KeyBook(keys);
        for (const key of keys) this.#share(key);
    }

    get hour(): number | undefined {
        return this.#options.hour?.() ?? this.#heardHour;
    }

    messageIdsWith(prefix: number): readonly Uint8Array[] {
        const own = this.#ids.get(prefix);
        const stored = this.#options.messageIdsWith?.(prefix) ?? [];
        return own ? [own, ...stored] : stored;
    }

    keyKnown(routingKey: Uint8Array): boolean {
        return this.#shared.has(toHex(routingKey));
    }

    idKnown(messageId: Uint8Array): boolean {
        return this.#shared.has(toHex(messageId));
    }

    /** `shared`: a neighbour has it, too. */
    learnKey(routingKey: Uint8Array, { shared }: { readonly shared: boolean }): void {
        this.keys.touch(routingKey);
        if (shared) this.#share(routingKey);
    }

    learnId(messageId: Uint8Array, { shared }: { readonly shared: boolean }): void {
        const prefix = prefix28(messageId);
        this.#ids.delete(prefix);
        this.#ids.set(prefix, messageId.slice());
        if (this.#ids.size > IDS_MAX) forgetFirst(this.#ids);
        if (shared) this.#share(messageId);
    }

    learnPayload(payload: Uint8Array, how: { readonly shared: boolean }): void {
        const [key, id] = [routingKeyOf(payload), messageIdOf(payload)];
        if (key) this.learnKey(key, how);
        if (id) this.learnId(id, how);
    }

    /** A neighbour turned out not to have it. */
    unlearn(keyOrId: Uint8Array): void {
        this.#shared.delete(toHex(keyOrId));
    }

    hearHour(hour: number | undefined): void {
        if (hour !== undefined) this.#heardHour = hour;
    }

    #share(keyOrId: Uint8Array): void {
        const name = toHex(keyOrId);
        this.#shared.delete(name);
        this.#shared.add(name);
        if (this.#shared.size > SHARED_MAX) forgetFirst(this.#shared);
    }
}

function prefix28(id: Uint8Array): number {
    const [a = 0, b = 0, c = 0, d = 0] = id;
    return (a * 2 ** 24 + (b << 16) + (c << 8) + d) >>> 4;
}

function forgetFirst(map: Map<unknown, unknown> | Set<unknown>): void {
    for (const first of map.keys()) {
        map.delete(first);
        return;
    }
}
