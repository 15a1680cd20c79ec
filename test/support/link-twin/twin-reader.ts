import {
    bitsOf,
    hexOf,
    number7,
    partCheck,
    type TwinReader,
    type TwinReading,
    ttlOf,
    twinCheck,
    twinItem,
    varint,
} from "./twin.ts";

/** Reads a block by trying every payload that could be meant and comparing checks. */
export function twinRead(block: string, reader: TwinReader): TwinReading {
    const [form, arg, check, content] = [block.slice(0, 1), block.slice(1, 4), block.slice(4, 12), block.slice(12)];
    if (block.length < 12) return { kind: "damaged" };
    if (form === "8") return readPart(arg, check, content);
    if (form === "7") return readSeveral(Number.parseInt(arg, 16), check, content, reader);
    const item = readItem(block.slice(0, 4), content, reader, (payload) => twinCheck([payload]) === check);
    return item.kind === "payload" ? { kind: "payloads", payloads: [item.payload] } : item;
}

type TwinNeed = Extract<TwinReading, { kind: "need" }>;
type ItemReading =
    | { readonly kind: "payload"; readonly payload: string; readonly guessed: TwinNeed }
    | TwinNeed
    | { readonly kind: "damaged" };

function readPart(arg: string, check: string, content: string): TwinReading {
    const [, digest = "", size = "", number = "", count = "", bytes = ""] =
        /^(.{16})(.{6})(..)(..)((?:..)+)$/.exec(content) ?? [];
    const part = {
        digest,
        size: Number.parseInt(size, 16),
        number: Number.parseInt(number, 16),
        count: Number.parseInt(count, 16),
        bytes,
    };
    const room = part.size - (part.count - 1);
    const good = part.number < part.count && part.size <= 16384 && bytes.length / 2 <= room;
    return digest && arg === "000" && partCheck(content) === check && good
        ? { kind: "part", ...part }
        : { kind: "damaged" };
}

function readSeveral(count: number, check: string, content: string, reader: TwinReader): TwinReading {
    const readings: ItemReading[] = [];
    let rest = content;
    while (rest !== "") {
        const size = /^(?:[0-7].|[89a-f].[0-7].)/.exec(rest)?.[0] ?? "";
        const length = number7(size) * 2;
        const item = rest.slice(size.length, size.length + length);
        if (size === "" || varint(length / 2) !== size || length < 8 || item.length < length)
            return { kind: "damaged" };
        const itemCheck = item.slice(4, 8);
        readings.push(
            readItem(item.slice(0, 4), item.slice(8), reader, (one) => twinCheck([one]).slice(0, 4) === itemCheck),
        );
        rest = rest.slice(size.length + length);
    }
    if (readings.length !== count || count < 2 || count > 31) return { kind: "damaged" };
    if (readings.some(({ kind }) => kind === "damaged")) return { kind: "damaged" };
    const needs = readings.flatMap((reading) => (reading.kind === "need" ? [reading] : []));
    if (needs.length > 0) return all(needs);
    const payloads = readings.flatMap((reading) => (reading.kind === "payload" ? [reading.payload] : []));
    if (twinCheck(payloads) === check) return { kind: "payloads", payloads };
    return orDamaged(all(readings.flatMap((reading) => (reading.kind === "payload" ? [reading.guessed] : []))));
}

function readItem(head: string, content: string, reader: TwinReader, fits: (payload: string) => boolean): ItemReading {
    const form = Number.parseInt(head.slice(0, 1), 16);
    const fixed = form === 1 || form === 3 || form === 6 ? "" : "000";
    if (form > 6 || !head.endsWith(fixed) || !rightSize(form, content)) return { kind: "damaged" };
    const { payloads, missing, guessed } = candidates(form, head.slice(1), content, reader);
    const payload = payloads.find(
        (one) => one.length <= 2 * 16384 && fits(one) && isWrittenSo(one, form, head, content),
    );
    return payload === undefined ? orDamaged(missing) : { kind: "payload", payload, guessed };
}

/** What a sender would write for this payload in this form is what came. */
function isWrittenSo(payload: string, form: number, head: string, content: string): boolean {
    const item = twinItem(payload, form);
    return item?.head === head && item.content === content;
}

function rightSize(form: number, content: string): boolean {
    const size = content.length / 2;
    if (form === 0) return size > 0;
    if (form === 5) return size === 96;
    if (form === 6) return size === 82;
    const flags = bitsOf(content.slice(hourAt(form) + (form > 2 ? 6 : 0)));
    const hour5 = flags.slice(50, 52) + flags.slice(64, 66) + flags.slice(376, 377);
    return size >= (form % 2 === 0 ? 16 : 0) + (form > 2 ? 3 : 0) + 64 && (form <= 2 || hour5 === "00000");
}

function hourAt(form: number): number {
    return form % 2 === 0 ? 32 : 0;
}

function candidates(form: number, arg: string, content: string, reader: TwinReader) {
    const no = need(false, false, false);
    if (form === 0) return { payloads: [content], missing: no, guessed: no };
    if (form === 5) return { payloads: [`02${content}`], missing: no, guessed: no };
    if (form === 6) {
        const ids = reader.message_ids.filter((id) => id.startsWith(arg + content.slice(0, 4)));
        const unknown = need(false, false, true);
        return { payloads: ids.map((id) => `02${id}${content.slice(4)}`), missing: unknown, guessed: unknown };
    }
    const byHandle = form % 2 === 1;
    const keys = byHandle ? reader.keys.filter((key) => key.startsWith(arg)) : [content.slice(0, 32)];
    const rest = content.slice(hourAt(form));
    const packed = rest.slice(form > 2 ? 6 : 0);
    const hours = form > 2 ? [Number.parseInt(rest.slice(0, 6), 16)] : nearHours(packed, reader.hour);
    const guessed = need(byHandle, form <= 2, false);
    const missing = keys.length > 0 && hours.length > 0 ? guessed : need(keys.length === 0, hours.length === 0, false);
    return { payloads: hours.flatMap((hour) => keys.map((key) => message(key, hour, packed))), missing, guessed };
}

function nearHours(packed: string, now: number | null): readonly number[] {
    if (now === null) return [];
    const flags = bitsOf(packed);
    const residue = Number.parseInt(flags.slice(50, 52) + flags.slice(64, 66) + flags.slice(376, 377), 2);
    return Array.from({ length: 216 }, (_, index) => now + 15 - index)
        .filter((hour) => hour >= 0 && hour < 2 ** 24 && hour % 32 === residue)
        .sort((a, b) => Math.abs(a - now) - Math.abs(b - now));
}

function message(key: string, hour: number, packed: string): string {
    const flags = bitsOf(packed.slice(0, 96));
    const ttl = ttlOf(Number.parseInt(flags.slice(48, 50), 2));
    const ids = hexOf(`${flags.slice(0, 48)}0100${flags.slice(52, 64)}10${flags.slice(66, 376)}0${flags.slice(377)}`);
    const ciphertext = packed.slice(128);
    return `000000${key}${varint(hour)}${ttl}${ids}${packed.slice(96, 128)}${varint(ciphertext.length / 2)}${ciphertext}`;
}

function need(keys: boolean, hour: boolean, ids: boolean): TwinNeed {
    return { kind: "need", keys, hour, ids };
}

function all(needs: readonly TwinNeed[]): TwinNeed {
    return need(
        needs.some(({ keys }) => keys),
        needs.some(({ hour }) => hour),
        needs.some(({ ids }) => ids),
    );
}

function orDamaged(missing: TwinNeed): TwinNeed | { readonly kind: "damaged" } {
    return missing.keys || missing.hour || missing.ids ? missing : { kind: "damaged" };
}
