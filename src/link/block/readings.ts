import { concatBytes } from "../../base/bytes.ts";
import type { Blake3 } from "../../wire/bundle-file.ts";
import { ACK_HASH_SIZE, MESSAGE_ID_SIZE, ROUTING_KEY_SIZE } from "../../wire/outer-envelope.ts";
import { ACK_SECRET_SIZE, SIGNATURE_SIZE } from "../../wire/tombstone.ts";
import { HOUR_MODULUS, HOUR_SIZE, PACKED_SIZE, packedHour, unpackMessage } from "./compact.ts";
import { argOf, FORM, formOf, type Item, PAYLOAD_SIZE_MAX } from "./item.ts";
import type { KeyBook } from "./key-book.ts";

/** Readings tried of one item, and so of one block of one payload. */
export const READINGS_MAX = 64;
/** What all readings of one block may cost together: enough for all 7 hours of the largest payload. */
export const READ_COST_MAX = 128 * 1024;
/** A reading costs so much and its size in bytes. */
export const READ_COST_BASE = 512;

/** Hours around its own clock that a receiver tries. */
const HOUR_AHEAD_MAX = 15;
const HOUR_BEHIND_MAX = 200;

const TOMBSTONE_TYPE = 2;
const PROOF_SIZE = ACK_SECRET_SIZE + SIGNATURE_SIZE;
const ID_REST_SIZE = 2;

/** What a receiver knows; all of it may be wrong or missing. */
export interface BlockContext {
    readonly keys: Pick<KeyBook, "startingWith">;
    /** Hours since 1970 by the link's clock; undefined when it has none. */
    readonly hour: number | undefined;
    /** Ids of messages held that begin with these 28 bits. */
    messageIdsWith(prefix28: number): readonly Uint8Array[];
    readonly digest: Blake3;
}

/** What would help to read a block. */
export interface Need {
    readonly keys: boolean;
    readonly hour: boolean;
    readonly ids: boolean;
}

export type ItemReading =
    | { readonly kind: "payload"; readonly payload: Uint8Array; readonly guessed: Need }
    | ({ readonly kind: "need" } & Need)
    | { readonly kind: "damaged" };

const DAMAGED = { kind: "damaged" } as const;
const NOTHING: Need = { keys: false, hour: false, ids: false };

/** What is left of READ_COST_MAX for one block. */
export interface ReadBudget {
    left: number;
}

/** The first reading that fits. `guessed` says what could be wrong with it should it be a coincidence. */
export function readItem(
    item: Item,
    context: BlockContext,
    budget: ReadBudget,
    fits: (payload: Uint8Array) => boolean,
): ItemReading {
    const shape = shapeOf(item, context);
    if (!shape) return DAMAGED;
    let readings = 0;
    for (const payload of shape.readings) {
        budget.left -= READ_COST_BASE + payload.length;
        if (readings++ === READINGS_MAX || budget.left < 0) break;
        if (payload.length <= PAYLOAD_SIZE_MAX && fits(payload)) {
            return { kind: "payload", payload, guessed: shape.guessed };
        }
    }
    return needs(shape.missing) ? { kind: "need", ...shape.missing } : DAMAGED;
}

export function needs({ keys, hour, ids }: Need): boolean {
    return keys || hour || ids;
}

export function bothNeeds(one: Need, other: Need): Need {
    return { keys: one.keys || other.keys, hour: one.hour || other.hour, ids: one.ids || other.ids };
}

interface Shape {
    readonly readings: Iterable<Uint8Array>;
    readonly guessed: Need;
    /** What to ask for when no reading fits. */
    readonly missing: Need;
}

/** Undefined when no sender writes such an item. */
function shapeOf({ head, content }: Item, context: BlockContext): Shape | undefined {
    const form = formOf(head);
    const byHandle = form === FORM.messageHandle || form === FORM.messageHandleHour || form === FORM.tombstoneKnown;
    if (!byHandle && argOf(head) !== 0) return undefined;
    switch (form) {
        case FORM.raw:
            return content.length > 0 ? certain(content) : undefined;
        case FORM.messageHandle:
        case FORM.messageKey:
        case FORM.messageHandleHour:
        case FORM.messageKeyHour:
            return messageShape({ head, content }, context);
        case FORM.tombstone:
            if (content.length !== MESSAGE_ID_SIZE + PROOF_SIZE) return undefined;
            return certain(concatBytes(Uint8Array.of(TOMBSTONE_TYPE), content));
        case FORM.tombstoneKnown:
            return knownTombstoneShape({ head, content }, context);
        default:
            return undefined;
    }
}

function certain(payload: Uint8Array): Shape {
    return { readings: [payload], guessed: NOTHING, missing: NOTHING };
}

function knownTombstoneShape({ head, content }: Item, context: BlockContext): Shape | undefined {
    if (content.length !== ID_REST_SIZE + PROOF_SIZE) return undefined;
    const prefix28 = argOf(head) * 2 ** 16 + (content[0] ?? 0) * 2 ** 8 + (content[1] ?? 0);
    const proof = content.subarray(ID_REST_SIZE);
    const need = { ...NOTHING, ids: true };
    return { readings: tombstones(context.messageIdsWith(prefix28), proof), guessed: need, missing: need };
}

function* tombstones(ids: readonly Uint8Array[], proof: Uint8Array): Iterable<Uint8Array> {
    for (const id of ids) yield concatBytes(Uint8Array.of(TOMBSTONE_TYPE), id, proof);
}

function messageShape({ head, content }: Item, context: BlockContext): Shape | undefined {
    const form = formOf(head);
    const byHandle = form === FORM.messageHandle || form === FORM.messageHandleHour;
    const withHour = form === FORM.messageHandleHour || form === FORM.messageKeyHour;
    const hourAt = byHandle ? 0 : ROUTING_KEY_SIZE;
    const packedAt = hourAt + (withHour ? HOUR_SIZE : 0);
    const ackAt = packedAt + PACKED_SIZE;
    const ciphertextAt = ackAt + ACK_HASH_SIZE;
    if (content.length < ciphertextAt) return undefined;
    const packed = content.subarray(packedAt, ackAt);
    if (withHour && packedHour(packed) !== 0) return undefined;
    const keys = byHandle ? context.keys.startingWith(argOf(head)) : [content.subarray(0, ROUTING_KEY_SIZE)];
    const hours = withHour ? [hourIn(content.subarray(hourAt, packedAt))] : hoursNear(context.hour, packedHour(packed));
    const rest = { packed, ackHash: content.subarray(ackAt, ciphertextAt), ciphertext: content.subarray(ciphertextAt) };
    const guessed = { ...NOTHING, keys: byHandle, hour: !withHour };
    // With neither key nor hour missing, either may be another's: both are asked for.
    const complete = keys.length > 0 && hours.length > 0;
    const missing = complete ? guessed : { ...NOTHING, keys: keys.length === 0, hour: hours.length === 0 };
    return { readings: messages(keys, hours, rest), guessed, missing };
}

function* messages(
    keys: readonly Uint8Array[],
    hours: readonly number[],
    rest: { readonly packed: Uint8Array; readonly ackHash: Uint8Array; readonly ciphertext: Uint8Array },
): Iterable<Uint8Array> {
    for (const hour of hours) for (const routingKey of keys) yield unpackMessage({ ...rest, routingKey, hour });
}

function hourIn(bytes: Uint8Array): number {
    return bytes.reduce((hour, byte) => hour * 256 + byte, 0);
}

/** The hours that are `residue` modulo 32, the nearest first: at most 7. */
function hoursNear(now: number | undefined, residue: number): readonly number[] {
    if (now === undefined) return [];
    const ahead = (((residue - now) % HOUR_MODULUS) + HOUR_MODULUS) % HOUR_MODULUS;
    const hours: number[] = [];
    for (let away = ahead; away >= -HOUR_BEHIND_MAX; away -= HOUR_MODULUS) {
        const hour = now + away;
        if (away <= HOUR_AHEAD_MAX && hour >= 0 && hour < 2 ** (8 * HOUR_SIZE)) hours.push(hour);
    }
    return hours;
}
