import { utf8 } from "../../base/bytes.ts";
import { fromBase64, fromHex, toBase64, toHex } from "../../base/encoding.ts";
import { ALIASES, SLOTS, SYMBOLS_MAX } from "../frame/limits.ts";

/** What a link keeps over a restart: nothing that is lost without it is lost for good, but all of it costs airtime. */
export interface LinkSnapshot {
    /** Routing keys seen, the newest last. */
    readonly keys: readonly Uint8Array[];
    readonly neighbours: readonly { readonly node: number; readonly alias: number }[];
    readonly assemblies: readonly KeptAssembly[];
    readonly outgoing: readonly KeptTransfer[];
}

/** Half a block. */
export interface KeptAssembly {
    readonly alias: number;
    readonly slot: number;
    readonly count: number;
    readonly check: number;
    readonly symbolSize: number;
    readonly symbols: readonly (readonly [id: number, bytes: Uint8Array])[];
}

/** How a block was put together: each payload's name and the head that it had. */
export interface KeptTransfer {
    readonly check: number;
    readonly items: readonly { readonly name: string; readonly head: number }[];
}

export const EMPTY_SNAPSHOT: LinkSnapshot = { keys: [], neighbours: [], assemblies: [], outgoing: [] };

/** Routing keys kept, the newest ones. */
export const KEYS_KEPT_MAX = 512;

/** Largest snapshot taken up again, in bytes of text. */
const SNAPSHOT_SIZE_MAX = 4 * 1024 * 1024;

export function encodeSnapshot({ keys, neighbours, assemblies, outgoing }: LinkSnapshot): Uint8Array {
    const text = JSON.stringify({
        version: 1,
        keys: keys.slice(-KEYS_KEPT_MAX).map(toHex),
        neighbours,
        assemblies: assemblies.map((each) => ({
            ...each,
            symbols: each.symbols.map(([id, bytes]) => [id, toBase64(bytes)]),
        })),
        outgoing,
    });
    return utf8(text);
}

/** Anything that is no snapshot gives an empty one: the link then begins anew. */
export function decodeSnapshot(bytes: Uint8Array): LinkSnapshot {
    if (bytes.length > SNAPSHOT_SIZE_MAX) return EMPTY_SNAPSHOT;
    let read: unknown;
    try {
        read = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
        return EMPTY_SNAPSHOT;
    }
    if (!isRecord(read) || read["version"] !== 1) return EMPTY_SNAPSHOT;
    return {
        keys: listOf(read["keys"]).flatMap((text) => keyOf(text) ?? []),
        neighbours: listOf(read["neighbours"]).flatMap((each) => neighbourOf(each) ?? []),
        assemblies: listOf(read["assemblies"]).flatMap((each) => assemblyOf(each) ?? []),
        outgoing: listOf(read["outgoing"]).flatMap((each) => transferOf(each) ?? []),
    };
}

function keyOf(text: unknown): Uint8Array | undefined {
    const key = typeof text === "string" ? fromHex(text) : undefined;
    return key?.length === 16 ? key : undefined;
}

function neighbourOf(each: unknown): LinkSnapshot["neighbours"][number] | undefined {
    if (!isRecord(each)) return undefined;
    const { node, alias } = each;
    return isBelow(node, 0x10000) && isBelow(alias, ALIASES) ? { node, alias } : undefined;
}

function assemblyOf(each: unknown): KeptAssembly | undefined {
    if (!isRecord(each)) return undefined;
    const { alias, slot, count, check, symbolSize } = each;
    const isGood =
        isBelow(alias, ALIASES) &&
        isBelow(slot, SLOTS) &&
        isBelow(count, SYMBOLS_MAX + 1) &&
        isBelow(check, 2 ** 32) &&
        isBelow(symbolSize, 513);
    if (!isGood || count === 0 || symbolSize === 0) return undefined;
    const symbols = listOf(each["symbols"]).flatMap((pair) => symbolOf(pair) ?? []);
    return { alias, slot, count, check, symbolSize, symbols };
}

function symbolOf(pair: unknown): readonly (readonly [number, Uint8Array])[] | undefined {
    const [id, text] = listOf(pair);
    const bytes = typeof text === "string" ? fromBase64(text) : undefined;
    return bytes && isBelow(id, 256) ? [[id, bytes]] : undefined;
}

function transferOf(each: unknown): KeptTransfer | undefined {
    if (!isRecord(each) || !isBelow(each["check"], 2 ** 32)) return undefined;
    const items = listOf(each["items"]).flatMap((item) => {
        if (!isRecord(item)) return [];
        const { name, head } = item;
        return typeof name === "string" && isBelow(head, 0x10000) ? [{ name, head }] : [];
    });
    return items.length > 0 ? { check: each["check"], items } : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null;
}

function isBelow(value: unknown, end: number): value is number {
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < end;
}

function listOf(value: unknown): readonly unknown[] {
    return Array.isArray(value) ? value : [];
}
