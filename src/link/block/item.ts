import { concatBytes } from "../../base/bytes.ts";
import { type CompactPayload, HOUR_SIZE, packMessage, readCompact } from "./compact.ts";

/** Longest payload that the link carries, in bytes. */
export const PAYLOAD_SIZE_MAX = 16 * 1024;

/** The forms of a block and of an item in it (docs/link.md, section 2). */
export const FORM = {
    raw: 0,
    messageHandle: 1,
    messageKey: 2,
    messageHandleHour: 3,
    messageKeyHour: 4,
    tombstone: 5,
    tombstoneKnown: 6,
    several: 7,
    part: 8,
} as const;

/** How far from its own clock a sender calls an hour near: 8 hours inside of what receivers try, for their clocks. */
const NEAR_AHEAD = 7;
const NEAR_BEHIND = 192;

/** One payload in one form. */
export interface Item {
    /** `form:4 arg:12`. */
    readonly head: number;
    readonly content: Uint8Array;
}

/** What the sender believes of its listeners. A wrong belief costs a question, never a wrong payload. */
export interface SenderBelief {
    keyKnown(routingKey: Uint8Array): boolean;
    idKnown(messageId: Uint8Array): boolean;
    /** Hours since 1970 by the link's clock; undefined when it has none. */
    readonly hour: number | undefined;
}

/** The shortest form that the listeners can read. `payload` has 1 to PAYLOAD_SIZE_MAX bytes; others are a bug and throw. */
export function encodeItem(payload: Uint8Array, belief: SenderBelief): Item {
    const compact = compactOf(payload);
    return pack(payload, compact, compact ? formFor(compact, belief) : FORM.raw);
}

/** The item with exactly this head, as it went out before a restart; undefined when the payload has no such form. */
export function encodeItemAs(payload: Uint8Array, head: number): Item | undefined {
    const form = formOf(head);
    const compact = compactOf(payload);
    if (form !== FORM.raw && kindOf(form) !== compact?.kind) return undefined;
    const item = pack(payload, compact, form);
    return item.head === head ? item : undefined;
}

/** Of a message that compacts: its routing key, 16 bytes, a view. */
export function routingKeyOf(payload: Uint8Array): Uint8Array | undefined {
    const compact = readCompact(payload);
    return compact?.kind === "message" ? compact.outer.routingKey : undefined;
}

/** Of a message or tombstone that compacts: its message id, 16 bytes, a view. */
export function messageIdOf(payload: Uint8Array): Uint8Array | undefined {
    const compact = readCompact(payload);
    return compact?.kind === "message" ? compact.outer.messageId : compact?.tombstone.messageId;
}

export function formOf(head: number): number {
    return head >>> 12;
}

export function argOf(head: number): number {
    return head & 0xfff;
}

/** The first 12 bits of a routing key or message id. */
export function prefix12(id: Uint8Array): number {
    return ((id[0] ?? 0) << 4) | ((id[1] ?? 0) >> 4);
}

function compactOf(payload: Uint8Array): CompactPayload | undefined {
    if (payload.length < 1 || payload.length > PAYLOAD_SIZE_MAX) {
        throw new RangeError(`a payload has 1 to ${PAYLOAD_SIZE_MAX} bytes, not ${payload.length}`);
    }
    return readCompact(payload);
}

function kindOf(form: number): CompactPayload["kind"] | undefined {
    if (form === FORM.tombstone || form === FORM.tombstoneKnown) return "tombstone";
    return form >= FORM.messageHandle && form <= FORM.messageKeyHour ? "message" : undefined;
}

function formFor(compact: CompactPayload, belief: SenderBelief): number {
    if (compact.kind === "tombstone") {
        return belief.idKnown(compact.tombstone.messageId) ? FORM.tombstoneKnown : FORM.tombstone;
    }
    const { routingKey, timestampHours } = compact.outer;
    const ahead = belief.hour === undefined ? Number.NaN : timestampHours - belief.hour;
    const near = ahead <= NEAR_AHEAD && ahead >= -NEAR_BEHIND;
    if (belief.keyKnown(routingKey)) return near ? FORM.messageHandle : FORM.messageHandleHour;
    return near ? FORM.messageKey : FORM.messageKeyHour;
}

/** `form` is one that the payload has. */
function pack(payload: Uint8Array, compact: CompactPayload | undefined, form: number): Item {
    if (compact === undefined || form === FORM.raw) return { head: FORM.raw, content: payload };
    if (compact.kind === "tombstone") {
        const { messageId, ackSecret, signature } = compact.tombstone;
        const known = form === FORM.tombstoneKnown;
        const id = known ? bits12to27(messageId) : messageId;
        return { head: headOf(form, known ? messageId : undefined), content: concatBytes(id, ackSecret, signature) };
    }
    const { outer } = compact;
    const byHandle = form === FORM.messageHandle || form === FORM.messageHandleHour;
    const withHour = form === FORM.messageHandleHour || form === FORM.messageKeyHour;
    const content = concatBytes(
        byHandle ? new Uint8Array(0) : outer.routingKey,
        withHour ? hourBytes(outer.timestampHours) : new Uint8Array(0),
        packMessage(compact, withHour ? 0 : outer.timestampHours),
        outer.ackHash,
        outer.innerCiphertext,
    );
    return { head: headOf(form, byHandle ? outer.routingKey : undefined), content };
}

function headOf(form: number, named: Uint8Array | undefined): number {
    return (form << 12) | (named ? prefix12(named) : 0);
}

function bits12to27(id: Uint8Array): Uint8Array {
    const [, first = 0, second = 0, third = 0] = id;
    return Uint8Array.of((first << 4) | (second >> 4), (second << 4) | (third >> 4));
}

function hourBytes(hour: number): Uint8Array {
    const bytes = new Uint8Array(HOUR_SIZE);
    for (let index = 0; index < HOUR_SIZE; index++) bytes[index] = hour >>> (8 * (HOUR_SIZE - 1 - index));
    return bytes;
}
