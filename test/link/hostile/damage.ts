import { blake3 } from "@noble/hashes/blake3.js";
import { toHex } from "../../../src/base/encoding.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { encodeBlock } from "../../../src/link/block/block.ts";
import { encodeItemAs, FORM, messageIdOf, routingKeyOf } from "../../../src/link/block/item.ts";
import { splitIntoParts } from "../../../src/link/block/part-shelf.ts";
import { repairSymbol, sourceSymbols } from "../../../src/link/erasure/symbols.ts";
import { encodeFrame, type LinkFrame, repairId } from "../../../src/link/frame/frame.ts";
import type { Link, LinkCount, LinkEvent } from "../../../src/link/link.ts";
import { makeLink } from "../../../src/link/machine/machine.ts";
import { encodeSnapshot } from "../../../src/link/machine/snapshot.ts";
import { garble } from "../../sim/garble.ts";
import { id16 } from "../../support/envelopes.ts";
import { NOW_HOUR } from "../block/rig.ts";
import { message, noise, tombstone } from "../machine/rig.ts";

/** Transfers that one receiver hears before the next one takes its place: what one knows already it does not read again. */
const LIFE = 24;
const SYMBOL_SIZE = 48;
const STEP_MS = 61_000;

export interface DamageResult {
    readonly transfers: number;
    /** Payloads delivered that nobody sent: the one unforgivable fault. */
    readonly wrong: readonly string[];
    /** Payloads that came as they were sent, as the damage hit nothing that was needed. */
    readonly right: number;
    /** Blocks read and refused. */
    readonly refused: number;
}

interface Tally {
    readonly wrong: string[];
    right: number;
    refused: number;
}

const MESSAGES = [1, 2, 3].map((number) => message(number, { key: number % 2, size: 30 + 40 * number }));
const PAYLOADS = [...MESSAGES, tombstone(1), tombstone(2), noise(1, 100), noise(2, 211), noise(3, 600)];
const SENT = new Set(PAYLOADS.map(toHex));
const KEYS = [
    ...MESSAGES.flatMap((payload) => routingKeyOf(payload) ?? []),
    ...[7, 8, 9].map((number) => sameHandle(number)),
];

function sameHandle(number: number): Uint8Array {
    const key = id16(number, 0x77);
    key.set((routingKeyOf(MESSAGES[0] ?? id16(0)) ?? id16(0)).subarray(0, 2));
    return key;
}

/** Every way to write what is sent. */
function blocks(): readonly Uint8Array[] {
    const written = (payload: Uint8Array, form: number) => {
        const [id, key] = [messageIdOf(payload), routingKeyOf(payload)];
        const byHandle = form === FORM.messageHandle || form === FORM.messageHandleHour;
        const name = byHandle ? key : form === FORM.tombstoneKnown ? id : undefined;
        const arg = name ? ((name[0] ?? 0) << 4) | ((name[1] ?? 0) >> 4) : 0;
        const item = encodeItemAs(payload, (form << 12) | arg);
        return item ? [{ payload, item }] : [];
    };
    const forms = [FORM.raw, 1, 2, 3, 4, FORM.tombstone, FORM.tombstoneKnown];
    const singles = PAYLOADS.flatMap((payload) => forms.flatMap((form) => written(payload, form)));
    const pairs = singles
        .slice(0, -3)
        .map((item, at) => [item, singles[at + 3] ?? item, singles[(at * 7) % singles.length] ?? item]);
    return [
        ...singles.map((item) => encodeBlock([item], blake3)),
        ...pairs.map((items) => encodeBlock(items, blake3)),
        ...PAYLOADS.slice(-1).flatMap((payload) => splitIntoParts(payload, 260, blake3) ?? []),
    ];
}

const BLOCKS = blocks();

/** Damaged transfers as they come through a modem whose check did not notice. */
export function searchDamage(seed: number, transfers: number): DamageResult {
    const random = makePrng(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const tally = { wrong: [] as string[], right: 0, refused: 0 };
    let link = receiver(seed);
    for (let number = 0; number < transfers; number++) {
        if (number % LIFE === 0) link = receiver(below(2 ** 32));
        const now = number * STEP_MS;
        for (const bytes of damagedTransfer(random, below)) feed(link, { kind: "frame", bytes }, now, tally);
    }
    return { transfers, ...tally };
}

/** Hands an event to the link and answers for modem and depot. */
function feed(link: Link, event: LinkEvent, now: number, tally: Tally): void {
    for (const effect of link.handle(event, now)) {
        if (effect.kind === "count" && isRefusal(effect.what)) tally.refused++;
        if (effect.kind === "transmit") feed(link, { kind: "transmitted", sent: true }, now, tally);
        if (effect.kind !== "deliver") continue;
        const name = toHex(effect.payload);
        if (SENT.has(name)) tally.right++;
        else tally.wrong.push(name);
        feed(link, { kind: "settled", delivery: effect.delivery, verdict: "later" }, now, tally);
    }
}

function isRefusal(what: LinkCount): boolean {
    return what === "block_damaged" || what === "frame_misfit";
}

function receiver(seed: number): Link {
    return makeLink({
        node: 9,
        seed,
        digest: blake3,
        frameSizeMax: 51,
        airtimeMs: () => 100,
        hour: () => NOW_HOUR,
        messageIdsWith: () => [1, 2].map((number) => messageIdOf(tombstone(number)) ?? id16(0)),
        snapshot: encodeSnapshot({ keys: KEYS, neighbours: [], assemblies: [], outgoing: [] }),
    });
}

type Below = (limit: number) => number;

function damagedTransfer(random: () => number, below: Below): readonly Uint8Array[] {
    const [one, other] = [0, 1].map(() => BLOCKS[below(BLOCKS.length)] ?? new Uint8Array(1));
    const body = one ?? new Uint8Array(1);
    const name = { alias: below(16), slot: below(16) };
    const kind = below(5);
    if (kind === 0) return framesOf(damageField(body, below), name, below);
    if (kind === 1) return framesOf(garble(body, random), name, below);
    const frames = framesOf(body, name, below);
    if (kind === 2) return damageOne(frames, (frame) => garble(frame, random), below);
    if (kind === 3) return damageOne(frames, (frame) => frame.with(below(3) % frame.length, below(256)), below);
    // Two transfers that bear one name: some symbols of the other in place of the own.
    const foreign = framesOf(other ?? body, name, below);
    return frames.map((frame, at) => (below(2) === 0 ? (foreign[at] ?? frame) : frame));
}

/** Head, check, handle, hour and what lies around them: where a changed bit means something else. */
function damageField(body: Uint8Array, below: Below): Uint8Array {
    const copy = body.slice();
    for (let change = 0; change <= below(3); change++) {
        const at = below(4) === 0 ? below(copy.length) : below(Math.min(30, copy.length));
        copy[at] = (copy[at] ?? 0) ^ (below(2) === 0 ? 1 << below(8) : 1 + below(255));
    }
    return copy;
}

function damageOne(
    frames: readonly Uint8Array[],
    damage: (frame: Uint8Array) => Uint8Array,
    below: Below,
): readonly Uint8Array[] {
    const which = below(frames.length);
    return frames.map((frame, at) => (at === which ? damage(frame) : frame));
}

/** As a sender sends it, with some source symbols lost and made up for by repair. */
function framesOf(
    body: Uint8Array,
    { alias, slot }: { readonly alias: number; readonly slot: number },
    below: Below,
): readonly Uint8Array[] {
    const sources = sourceSymbols(body.length > 0 ? body : Uint8Array.of(0), SYMBOL_SIZE);
    const count = sources.length;
    if (count === 1 || count > 32) return [encodeFrame({ kind: "single", alias, block: body.subarray(0, 500) })];
    const losses = below(3) === 0 ? 1 + below(Math.min(3, count)) : 0;
    const lost = new Set(Array.from({ length: losses }, () => below(count)));
    const head = { alias, slot, count, left: 0 };
    const own = sources.flatMap((symbol, index): LinkFrame[] =>
        lost.has(index) ? [] : [{ kind: "source", ...head, index, symbol }],
    );
    const repair = [...lost].map((_, at): LinkFrame => {
        const number = (at + below(20)) % 32;
        return {
            kind: "repair",
            ...head,
            number,
            symbol: repairSymbol(sources, SYMBOL_SIZE, repairId({ count, number, left: 0 })),
        };
    });
    return [...own, ...repair].map(encodeFrame);
}
