import { bits, bitsOf, hexOf } from "./twin.ts";

/**
 * Sections 1 and 5 of docs/link.md once more, slow and obvious: a frame is a text of zeros and ones. It shares nothing
 * with src/link and makes test/vectors/link/frames.json. Byte strings and checks are hexadecimal.
 */
export type TwinFrame =
    | { readonly kind: "single"; readonly alias: number; readonly block: string }
    | ({ readonly kind: "source"; readonly index: number } & TwinSymbol)
    | ({ readonly kind: "repair"; readonly number: number } & TwinSymbol)
    | ({
          readonly kind: "ack";
          readonly following: number;
          readonly wants: boolean;
          readonly loss255: number;
          readonly entries: readonly TwinEntry[];
      } & TwinSaid)
    /** `whom` lists the aliases that shall answer; none means everybody. */
    | ({ readonly kind: "poll"; readonly whom: readonly number[]; readonly blocks: readonly TwinPolled[] } & TwinSaid)
    | ({ readonly kind: "teach"; readonly hour: number | null; readonly keys: readonly string[] } & TwinSaid)
    | ({ readonly kind: "hello"; readonly hour: number | null; readonly asks: boolean } & TwinSaid)
    | ({ readonly kind: "turn"; readonly frames: number } & TwinSaid);

interface TwinSymbol {
    readonly alias: number;
    readonly slot: number;
    readonly count: number;
    readonly left: number;
    readonly symbol: string;
}

interface TwinSaid {
    readonly alias: number;
    readonly node: number;
}

interface TwinPolled {
    readonly slot: number;
    readonly count: number;
    readonly size: number;
    readonly check: string;
}

export type TwinEntry =
    | { readonly kind: "stored" | "rejected" | "later"; readonly item: number; readonly check: string }
    | {
          readonly kind: "need";
          readonly keys: boolean;
          readonly hour: boolean;
          readonly ids: boolean;
          readonly check: string;
      }
    | { readonly kind: "partial"; readonly missing: number; readonly alias: number; readonly slot: number }
    /** `held` has a 1 for each source symbol that is there, the first one first. */
    | { readonly kind: "held"; readonly check: string; readonly missing: number; readonly held: string }
    | { readonly kind: "none" | "kept"; readonly check: string };

export type TwinHeard = TwinFrame | "damaged" | "unknown";

const KINDS = ["single", "source", "repair", "control"];
const TYPES = ["ack", "poll", "teach", "hello", "turn"];
const CODES = ["stored", "rejected", "later", "need", "partial", "held", "none", "kept"];

export function twinFrame(frame: TwinFrame): string {
    return hexOf(frameBits(frame));
}

function frameBits(frame: TwinFrame): string {
    const kind = KINDS.includes(frame.kind) ? frame.kind : "control";
    const start = `01${bits(KINDS.indexOf(kind), 2)}${bits(frame.alias, 4)}`;
    if (frame.kind === "single") return start + bitsOf(frame.block);
    if (frame.kind === "source" || frame.kind === "repair") {
        const number = frame.kind === "source" ? frame.index : frame.number;
        const name = bits(frame.slot, 4) + bits(frame.count - 1, 5) + bits(number, 5) + bits(frame.left, 2);
        return start + name + bitsOf(frame.symbol);
    }
    const x = xOfFrame(frame);
    return start + bits(TYPES.indexOf(frame.kind), 4) + bits(x, 4) + bits(frame.node, 16) + controlBits(frame);
}

function xOfFrame(frame: Extract<TwinFrame, { readonly node: number }>): number {
    if (frame.kind === "ack") return frame.following + (frame.wants ? 4 : 0);
    return frame.kind === "hello" && frame.asks ? 1 : 0;
}

function controlBits(frame: Extract<TwinFrame, { readonly node: number }>): string {
    if (frame.kind === "ack") return bits(frame.loss255, 8) + frame.entries.map(entryBits).join("");
    if (frame.kind === "turn") return bits(frame.frames, 8);
    if (frame.kind === "hello") return hourBits(frame.hour);
    if (frame.kind === "teach") return hourBits(frame.hour) + frame.keys.map(bitsOf).join("");
    const whom = Array.from({ length: 16 }, (_, at) => (frame.whom.includes(15 - at) ? "1" : "0")).join("");
    const blocks = frame.blocks
        .map(
            ({ slot, count, size, check }) =>
                `${bits(slot, 4)}${bits(count - 1, 5)}0000000${bits(size, 16)}${bitsOf(check)}`,
        )
        .join("");
    return whom + blocks;
}

function hourBits(hour: number | null): string {
    return hour === null ? "1".repeat(24) : bits(hour, 24);
}

function entryBits(entry: TwinEntry): string {
    const first = bits(CODES.indexOf(entry.kind), 3) + bits(xOf(entry), 5);
    if (entry.kind === "partial") return first + bits(entry.alias, 4) + bits(entry.slot, 4);
    const named = first + bitsOf(hidden(entry.check, first));
    if (entry.kind !== "held") return named;
    return (
        named + bits(entry.missing, 8) + bytewiseReversed(entry.held.padEnd(Math.ceil(entry.held.length / 8) * 8, "0"))
    );
}

function xOf(entry: TwinEntry): number {
    if (entry.kind === "need") return Number(entry.keys) + 2 * Number(entry.hour) + 4 * Number(entry.ids);
    if (entry.kind === "partial") return entry.missing - 1;
    if (entry.kind === "held") return entry.held.length - 1;
    return "item" in entry ? entry.item : 0;
}

/** XOR with the first byte times 9e3779b1; done twice it is undone. */
function hidden(check: string, first: string): string {
    const product = BigInt(`0b${first}`) * 0x9e3779b1n;
    return (BigInt(`0x${check}`) ^ (product % 2n ** 32n)).toString(16).padStart(8, "0");
}

/** Lowest bit first, byte by byte. */
function bytewiseReversed(text: string): string {
    return (text.match(/.{8}/g) ?? []).map((byte) => [...byte].reverse().join("")).join("");
}

export function twinHear(frame: string): TwinHeard {
    const all = bitsOf(frame);
    if (all.length === 0 || all.length > 512 * 8) return "damaged";
    if (!all.startsWith("01")) return "unknown";
    const kind = KINDS[number(all.slice(2, 4))];
    const alias = number(all.slice(4, 8));
    if (kind === "control") return hearControl(alias, all.slice(8));
    if (kind === "single") return frame.length > 2 ? { kind, alias, block: frame.slice(2) } : "damaged";
    if (frame.length <= 6) return "damaged";
    const [slot, count] = [number(all.slice(8, 12)), number(all.slice(12, 17)) + 1];
    const [which, left] = [number(all.slice(17, 22)), number(all.slice(22, 24))];
    const rest = { alias, slot, count, left, symbol: frame.slice(6) };
    if (kind === "repair") return { kind, number: which, ...rest };
    return which < count ? { kind: "source", index: which, ...rest } : "damaged";
}

function hearControl(alias: number, all: string): TwinHeard {
    if (all.length === 0) return "damaged";
    const kind = TYPES[number(all.slice(0, 4))];
    if (kind === undefined) return "unknown";
    if (all.length < 24) return "damaged";
    const x = number(all.slice(4, 8));
    const said = { alias, node: number(all.slice(8, 24)) };
    const rest = all.slice(24);
    if (kind === "ack") return hearAck(said, x, rest);
    if (kind === "turn") return hearTurn(said, rest);
    if (kind === "poll") return hearPoll(said, rest);
    if (rest.length < 24) return "damaged";
    const hour = number(rest.slice(0, 24)) === 0xffffff ? null : number(rest.slice(0, 24));
    if (kind === "hello") return rest.length === 24 ? { kind, ...said, hour, asks: x % 2 === 1 } : "damaged";
    const keys = pieces(rest.slice(24), 128)?.map(hexOf);
    return keys ? { kind: "teach", ...said, hour, keys } : "damaged";
}

function hearPoll(said: TwinSaid, rest: string): TwinHeard {
    if (rest.length < 16) return "damaged";
    const whom = Array.from({ length: 16 }, (_, alias) => alias).filter((alias) => rest[15 - alias] === "1");
    const blocks = pieces(rest.slice(16), 64)?.map(polled);
    const isGood = blocks?.every(({ size }) => size >= 1 && size <= 509);
    return blocks && isGood ? { kind: "poll", ...said, whom, blocks } : "damaged";
}

function hearTurn(said: TwinSaid, rest: string): TwinHeard {
    const frames = number(rest);
    return rest.length === 8 && frames > 0 ? { kind: "turn", ...said, frames } : "damaged";
}

function hearAck(said: TwinSaid, x: number, rest: string): TwinHeard {
    if (rest.length < 8) return "damaged";
    const entries: TwinEntry[] = [];
    for (let left = rest.slice(8); left.length > 0; ) {
        const heard = hearEntry(left);
        if (!heard) return "damaged";
        entries.push(heard.entry);
        left = left.slice(heard.size);
    }
    return {
        kind: "ack",
        ...said,
        following: x % 4,
        wants: Math.floor(x / 4) % 2 === 1,
        loss255: number(rest.slice(0, 8)),
        entries,
    };
}

function hearEntry(left: string): { readonly entry: TwinEntry; readonly size: number } | undefined {
    const [code, x] = [number(left.slice(0, 3)), number(left.slice(3, 8))];
    if (code === 4) {
        const entry = {
            kind: "partial" as const,
            missing: x + 1,
            alias: number(left.slice(8, 12)),
            slot: number(left.slice(12, 16)),
        };
        return left.length < 16 ? undefined : { entry, size: 16 };
    }
    if (left.length < 40) return undefined;
    const check = hidden(hexOf(left.slice(8, 40)), left.slice(0, 8));
    if (code === 5) {
        const size = 48 + Math.ceil((x + 1) / 8) * 8;
        const missing = number(left.slice(40, 48));
        if (left.length < size || missing > 32) return undefined;
        const held = bytewiseReversed(left.slice(48, size)).slice(0, x + 1);
        return { entry: { kind: "held", check, missing, held }, size };
    }
    if (code === 3) {
        const [ids, hour, keys] = [...left.slice(5, 8)].map((bit) => bit === "1");
        return {
            entry: { kind: "need", keys: keys === true, hour: hour === true, ids: ids === true, check },
            size: 40,
        };
    }
    if (code > 5) return { entry: { kind: code === 6 ? "none" : "kept", check }, size: 40 };
    return { entry: { kind: code === 0 ? "stored" : code === 1 ? "rejected" : "later", item: x, check }, size: 40 };
}

function polled(text: string): TwinPolled {
    return {
        slot: number(text.slice(0, 4)),
        count: number(text.slice(4, 9)) + 1,
        size: number(text.slice(16, 32)),
        check: hexOf(text.slice(32)),
    };
}

function pieces(text: string, size: number): readonly string[] | undefined {
    return text.length % size === 0 ? (text.match(new RegExp(`.{${size}}`, "g")) ?? []) : undefined;
}

function number(text: string): number {
    return Number.parseInt(text || "0", 2);
}
