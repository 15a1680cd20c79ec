import { concatBytes } from "../../base/bytes.ts";
import { type AckEntry, decodeEntries, encodeEntries } from "./ack-entries.ts";
import { FRAME_SIZE_MAX, SYMBOL_HEADER_SIZE } from "./limits.ts";
import { checkBytes, uint } from "./numbers.ts";

export type DecodedControl =
    | { readonly ok: true; readonly frame: ControlFrame }
    | { readonly ok: false; readonly error: "damaged" | "unknown" };

/** Frames that carry no payload; docs/link.md, section 5. */
export type ControlFrame = AckFrame | PollFrame | TeachFrame | HelloFrame | TurnFrame;

/** What somebody has of others' transfers. */
export interface AckFrame {
    readonly kind: "ack";
    readonly alias: number;
    /** The node id of who answers, 0..65535. */
    readonly node: number;
    /** Further ack frames of this node that follow at once, 0..3. */
    readonly following: number;
    /** It wants a turn of its own. */
    readonly wants: boolean;
    /** Share of the asker's frames that was lost on the way here, 0..1. */
    readonly loss: number;
    readonly entries: readonly AckEntry[];
}

/** Asks what the others have of these blocks. */
export interface PollFrame {
    readonly kind: "poll";
    readonly alias: number;
    readonly node: number;
    /** The aliases that shall answer, a bit each, the lowest for alias 0; 0 asks everybody. */
    readonly whom: number;
    readonly blocks: readonly PolledBlock[];
}

export interface PolledBlock {
    readonly slot: number;
    readonly count: number;
    /** Bytes, 1..509. */
    readonly symbolSize: number;
    /** Names the block. */
    readonly check: number;
}

/** What others need to read blocks that they have; asks as a poll does. */
export interface TeachFrame {
    readonly kind: "teach";
    readonly alias: number;
    readonly node: number;
    /** Hours since 1970 by the sender's clock; undefined without one. */
    readonly hour: number | undefined;
    readonly routingKeys: readonly Uint8Array[];
}

/** Ties an alias to a node id. */
export interface HelloFrame {
    readonly kind: "hello";
    readonly alias: number;
    readonly node: number;
    readonly hour: number | undefined;
    /** Wants a hello in return. */
    readonly asks: boolean;
}

/** Says on a contested channel that a turn begins, in much less time than its first frame takes. */
export interface TurnFrame {
    readonly kind: "turn";
    readonly alias: number;
    readonly node: number;
    /** That follow at once, 1..255. */
    readonly frames: number;
}

export const CONTROL_TYPES = ["ack", "poll", "teach", "hello", "turn"] as const;
const ACK_HEADER_SIZE = 4;
const POLLED_SIZE = 8;
const POLL_HEADER_SIZE = 5;
const CONTROL_HEADER_SIZE = 3;
const TEACH_HEADER_SIZE = 6;
const HELLO_SIZE = 6;
const TURN_SIZE = 4;

/** Bytes of a whole turn frame. */
export const TURN_FRAME_SIZE = 1 + TURN_SIZE;

const KEY_SIZE = 16;
const SYMBOL_SIZE_MAX = FRAME_SIZE_MAX - SYMBOL_HEADER_SIZE;
/** Beside the two bits for the frames that follow. */
const ACK_WANTS = 4;
const NO_HOUR = 0xffffff;

/** Bytes of a whole control frame before its list. */
export const ACK_OVERHEAD = 1 + ACK_HEADER_SIZE;

/** How many blocks fit a poll, and keys a teach frame, of `frameSizeMax` bytes. */
export function polledMax(frameSizeMax: number): number {
    return Math.floor((frameSizeMax - 1 - POLL_HEADER_SIZE) / POLLED_SIZE);
}

export function taughtMax(frameSizeMax: number): number {
    return Math.floor((frameSizeMax - 1 - TEACH_HEADER_SIZE) / KEY_SIZE);
}

/** All but byte 0. */
export function encodeControl(frame: ControlFrame): Uint8Array {
    const low = lowBits(frame);
    const head = Uint8Array.of((CONTROL_TYPES.indexOf(frame.kind) << 4) | low, frame.node >> 8, frame.node & 255);
    switch (frame.kind) {
        case "ack":
            return concatBytes(head, Uint8Array.of(Math.round(frame.loss * 255)), encodeEntries(frame.entries));
        case "poll":
            return concatBytes(
                head,
                Uint8Array.of(frame.whom >> 8, frame.whom & 255),
                ...frame.blocks.map(polledBytes),
            );
        case "teach":
            return concatBytes(head, hourBytes(frame.hour), ...frame.routingKeys);
        case "hello":
            return concatBytes(head, hourBytes(frame.hour));
        case "turn":
            return concatBytes(head, Uint8Array.of(frame.frames));
    }
}

/** `bytes` follow byte 0. Trailing bytes that make no whole item are damage. */
export function decodeControl(bytes: Uint8Array, alias: number): DecodedControl {
    const first = bytes[0];
    if (first === undefined) return { ok: false, error: "damaged" };
    const kind = CONTROL_TYPES[first >> 4];
    if (kind === undefined) return { ok: false, error: "unknown" };
    if (bytes.length < CONTROL_HEADER_SIZE) return { ok: false, error: "damaged" };
    const node = uint(bytes, 1, 2);
    const frame = decodeRest(kind, { bytes, alias, node, low: first & 15 });
    return frame ? { ok: true, frame } : { ok: false, error: "damaged" };
}

interface Rest {
    readonly bytes: Uint8Array;
    readonly alias: number;
    readonly node: number;
    readonly low: number;
}

function decodeRest(kind: (typeof CONTROL_TYPES)[number], rest: Rest): ControlFrame | undefined {
    switch (kind) {
        case "ack":
            return decodeAck(rest);
        case "poll":
            return decodePoll(rest);
        case "teach":
            return decodeTeach(rest);
        case "hello":
            return decodeHello(rest);
        case "turn":
            return decodeTurn(rest);
    }
}

function decodeAck({ bytes, alias, node, low }: Rest): AckFrame | undefined {
    const entries = bytes.length < ACK_HEADER_SIZE ? undefined : decodeEntries(bytes.subarray(ACK_HEADER_SIZE));
    if (!entries) return undefined;
    const wants = (low & ACK_WANTS) > 0;
    return { kind: "ack", alias, node, following: low & 3, wants, loss: (bytes[3] ?? 0) / 255, entries };
}

function decodePoll({ bytes, alias, node }: Rest): PollFrame | undefined {
    if (bytes.length < POLL_HEADER_SIZE) return undefined;
    const blocks = chunks(bytes.subarray(POLL_HEADER_SIZE), POLLED_SIZE)?.map(polledBlock);
    const isGood = blocks?.every(({ symbolSize }) => symbolSize > 0 && symbolSize <= SYMBOL_SIZE_MAX);
    if (!blocks || !isGood) return undefined;
    return { kind: "poll", alias, node, whom: uint(bytes, CONTROL_HEADER_SIZE, 2), blocks };
}

function decodeTeach({ bytes, alias, node }: Rest): TeachFrame | undefined {
    if (bytes.length < TEACH_HEADER_SIZE) return undefined;
    const routingKeys = chunks(bytes.subarray(TEACH_HEADER_SIZE), KEY_SIZE);
    return routingKeys && { kind: "teach", alias, node, hour: hourOf(bytes), routingKeys };
}

function decodeHello({ bytes, alias, node, low }: Rest): HelloFrame | undefined {
    if (bytes.length !== HELLO_SIZE) return undefined;
    return { kind: "hello", alias, node, hour: hourOf(bytes), asks: (low & 1) === 1 };
}

function decodeTurn({ bytes, alias, node }: Rest): TurnFrame | undefined {
    const frames = bytes[3] ?? 0;
    return bytes.length === TURN_SIZE && frames > 0 ? { kind: "turn", alias, node, frames } : undefined;
}

function lowBits(frame: ControlFrame): number {
    if (frame.kind === "ack") return frame.following | (frame.wants ? ACK_WANTS : 0);
    return frame.kind === "hello" && frame.asks ? 1 : 0;
}

function polledBytes({ slot, count, symbolSize, check }: PolledBlock): Uint8Array {
    const word = (slot << 12) | ((count - 1) << 7);
    return Uint8Array.of(word >> 8, word & 255, symbolSize >> 8, symbolSize & 255, ...checkBytes(check));
}

function polledBlock(bytes: Uint8Array): PolledBlock {
    const word = uint(bytes, 0, 2);
    return { slot: word >> 12, count: ((word >> 7) & 31) + 1, symbolSize: uint(bytes, 2, 2), check: uint(bytes, 4, 4) };
}

function hourBytes(hour: number | undefined): Uint8Array {
    const value = hour === undefined || hour < 0 || hour >= NO_HOUR ? NO_HOUR : hour;
    return Uint8Array.of(value >> 16, (value >> 8) & 255, value & 255);
}

function hourOf(bytes: Uint8Array): number | undefined {
    const hour = uint(bytes, 3, 3);
    return hour === NO_HOUR ? undefined : hour;
}

function chunks(bytes: Uint8Array, size: number): readonly Uint8Array[] | undefined {
    if (bytes.length % size !== 0) return undefined;
    return Array.from({ length: bytes.length / size }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}
