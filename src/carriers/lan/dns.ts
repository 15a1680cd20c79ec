import { Buffer } from "node:buffer";
import { type Answer, decode, encode } from "dns-packet";

/** Multicast DNS (RFC 6762) as far as service discovery needs it. */
export type DnsRecord = { readonly name: string; readonly ttlS: number } & (
    | { readonly type: "PTR"; readonly target: string }
    | { readonly type: "SRV"; readonly target: string; readonly port: number }
    | { readonly type: "TXT"; readonly entries: ReadonlyMap<string, string> }
    | { readonly type: "A" | "AAAA"; readonly address: string }
);

export interface DnsQuestion {
    readonly name: string;
    readonly type: string;
}

export interface DnsPacket {
    readonly isResponse: boolean;
    readonly questions: readonly DnsQuestion[];
    /** Of all sections, those of the types above. */
    readonly records: readonly DnsRecord[];
}

/** Largest packet that is looked at, in bytes (RFC 6762 section 17). */
export const PACKET_SIZE_MAX = 9_000;
/** Questions and records of one packet that are looked at. */
const PARTS_MAX = 300;
/** Entries of one TXT record that are looked at. */
const TXT_ENTRIES_MAX = 32;

const PLAIN_NAME = /^(?=.{1,253}$)[\x20-\x2d\x2f-\x7e]{1,63}(?:\.[\x20-\x2d\x2f-\x7e]{1,63})*$/;

/** Undefined for what is no packet. Names come back in small letters, without the last dot. */
export function decodeDns(bytes: Uint8Array): DnsPacket | undefined {
    if (bytes.length > PACKET_SIZE_MAX) return undefined;
    try {
        const packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
        const records = [...(packet.answers ?? []), ...(packet.additionals ?? [])];
        return {
            isResponse: packet.type === "response",
            questions: (packet.questions ?? [])
                .slice(0, PARTS_MAX)
                .map(({ name, type }) => ({ name: plain(name), type })),
            records: records.slice(0, PARTS_MAX).flatMap(recordOf).filter(isPlain),
        };
    } catch {
        return undefined;
    }
}

export function encodeQuery(questions: readonly DnsQuestion[]): Uint8Array {
    const asked = questions.map(({ name, type }) => ({ name, type: type as "PTR" }));
    return encode({ type: "query", questions: asked });
}

export function encodeResponse(answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []): Uint8Array {
    return encode({
        type: "response",
        // Authoritative, as all answers of multicast DNS are.
        flags: 0x0400,
        answers: answers.map(answerOf),
        additionals: additionals.map(answerOf),
    });
}

function recordOf(answer: Answer): readonly DnsRecord[] {
    if (answer.type === "OPT") return [];
    const base = { name: plain(answer.name), ttlS: answer.ttl ?? 0 };
    switch (answer.type) {
        case "PTR":
            return [{ ...base, type: "PTR", target: plain(answer.data) }];
        case "SRV":
            return [{ ...base, type: "SRV", target: plain(answer.data.target), port: answer.data.port }];
        case "TXT":
            return [{ ...base, type: "TXT", entries: entriesOf(answer.data) }];
        case "A":
        case "AAAA":
            return [{ ...base, type: answer.type, address: answer.data }];
        default:
            return [];
    }
}

/** Keys without a value mean nothing here; of two with the same key the first counts (RFC 6763 section 6.4). */
function entriesOf(data: unknown): ReadonlyMap<string, string> {
    const entries = new Map<string, string>();
    const parts = Array.isArray(data) ? data : [data];
    for (const part of parts.slice(0, TXT_ENTRIES_MAX)) {
        const text = typeof part === "string" ? part : Buffer.isBuffer(part) ? part.toString("utf8") : "";
        const mark = text.indexOf("=");
        const key = text.slice(0, Math.max(0, mark)).toLowerCase();
        if (mark > 0 && !entries.has(key)) entries.set(key, text.slice(mark + 1));
    }
    return entries;
}

function answerOf(record: DnsRecord): Answer {
    // A name that belongs to one host alone replaces what was known of it.
    const base = { name: record.name, ttl: record.ttlS, class: "IN" as const, flush: record.type !== "PTR" };
    switch (record.type) {
        case "PTR":
            return { ...base, type: "PTR", data: record.target };
        case "SRV":
            return { ...base, type: "SRV", data: { target: record.target, port: record.port, priority: 0, weight: 0 } };
        case "TXT":
            return { ...base, type: "TXT", data: [...record.entries].map(([key, value]) => `${key}=${value}`) };
        default:
            return { ...base, type: record.type, data: record.address };
    }
}

/** Ember's names are ASCII; others might not survive being asked for. */
function isPlain(record: DnsRecord): boolean {
    const names = "target" in record ? [record.name, record.target] : [record.name];
    return names.every((name) => PLAIN_NAME.test(name));
}

function plain(name: string): string {
    return name.toLowerCase().replace(/\.$/, "");
}
