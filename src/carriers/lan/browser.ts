import { toHex } from "../../base/encoding.ts";
import type { Millis } from "../../base/time.ts";
import type { DnsPacket, DnsQuestion, DnsRecord } from "./dns.ts";
import { type Advertisement, parseTxt, SERVICE_TYPE } from "./txt.ts";

/** Names that are remembered, altogether and from one sender: who shouts thousands keeps nobody else out. */
export const INSTANCES_MAX = 1_024;
export const INSTANCES_OF_SENDER_MAX = 8;
/** Addresses of one host. */
const ADDRESSES_MAX = 8;
/** No record is believed longer than this, in seconds. */
const TTL_S_MAX = 4_500;
/** What runs out within this time is asked for again, in milliseconds; longer than one round of questions. */
const FRESH_MS = 70_000;
/** Questions of one round, beside the usual one. */
const QUESTIONS_MAX = 20;

/** Something on the network that says it is Ember's, with everything needed to speak to it. */
export interface Sighting {
    /** Sender and instance: nobody can change what somebody else said. */
    readonly id: string;
    readonly instance: string;
    /** In hex. */
    readonly routingKey: string;
    readonly port: number;
    readonly caps: readonly string[];
    /** With the scope where one is needed, e.g. "fe80::1%eth0". */
    readonly addresses: readonly string[];
}

interface Timed<T> {
    readonly value: T;
    readonly until: Millis;
}

interface Entry {
    readonly name: string;
    readonly sender: string;
    readonly addresses: Map<string, Millis>;
    service: Timed<{ readonly host: string; readonly port: number }> | undefined;
    txt: Timed<Advertisement> | undefined;
    until: Millis;
}

export interface Heard {
    readonly packet: DnsPacket;
    /** The address of whoever sent it. */
    readonly sender: string;
    /** The address as it can be dialled from here; undefined for one that is not on the link the packet came by. */
    readonly reachable: (address: string) => string | undefined;
}

/** Remembers what multicast DNS tells, bounded, and pure: time is handed in. */
export class Browser {
    readonly #entries = new Map<string, Entry>();
    readonly #ofSender = new Map<string, number>();

    /** Takes a response in. Returns the ids of the sightings about which something was said. */
    hear(heard: Heard, now: Millis): readonly string[] {
        if (!heard.packet.isResponse) return [];
        const touched = new Set<string>();
        for (const record of heard.packet.records) {
            const name = record.type === "PTR" && record.name === SERVICE_TYPE ? record.target : record.name;
            const id = `${heard.sender} ${name}`;
            const entry = name.endsWith(`.${SERVICE_TYPE}`) ? this.#entry(id, name, heard.sender, now) : undefined;
            if (!entry) continue;
            touched.add(id);
            learn(entry, record, untilOf(record, now));
        }
        for (const [id, entry] of this.#entries) {
            if (entry.sender === heard.sender && learnAddresses(entry, heard, now)) touched.add(id);
        }
        return [...touched];
    }

    /** What is known; undefined while anything needed is missing or has run out. */
    sighting(id: string, now: Millis): Sighting | undefined {
        const entry = this.#entries.get(id);
        if (!entry || entry.until <= now) return undefined;
        const { service, txt } = entry;
        if (!service || service.until <= now || !txt || txt.until <= now || service.value.port === 0) return undefined;
        const addresses = [...entry.addresses].filter(([, until]) => until > now).map(([address]) => address);
        if (addresses.length === 0) return undefined;
        const { routingKey, caps = [] } = txt.value;
        return { id, instance: entry.name, routingKey: toHex(routingKey), port: service.value.port, caps, addresses };
    }

    /** Forgets what ran out. Returns the ids that are gone. */
    expire(now: Millis): readonly string[] {
        const gone = [...this.#entries].filter(([, { until }]) => until <= now);
        for (const [id, { sender }] of gone) {
            this.#entries.delete(id);
            const left = (this.#ofSender.get(sender) ?? 1) - 1;
            if (left > 0) this.#ofSender.set(sender, left);
            else this.#ofSender.delete(sender);
        }
        return gone.map(([id]) => id);
    }

    /** Forgets everything, e.g. because no interface is left. Returns the ids that are gone. */
    clear(): readonly string[] {
        const gone = [...this.#entries.keys()];
        this.#entries.clear();
        this.#ofSender.clear();
        return gone;
    }

    /** Who is there, and what is missing or will run out before the next round. */
    questions(now: Millis): readonly DnsQuestion[] {
        const more: DnsQuestion[] = [];
        for (const { name, service, txt, addresses } of this.#entries.values()) {
            if (more.length >= QUESTIONS_MAX) break;
            if (!service || service.until < now + FRESH_MS) more.push({ name, type: "SRV" });
            if (!txt || txt.until < now + FRESH_MS) more.push({ name, type: "TXT" });
            const isFresh = [...addresses.values()].some((until) => until >= now + FRESH_MS);
            if (service && !isFresh) {
                more.push({ name: service.value.host, type: "A" }, { name: service.value.host, type: "AAAA" });
            }
        }
        return [{ name: SERVICE_TYPE, type: "PTR" }, ...more];
    }

    get size(): number {
        return this.#entries.size;
    }

    #entry(id: string, name: string, sender: string, now: Millis): Entry | undefined {
        const known = this.#entries.get(id);
        if (known) return known;
        const ofSender = this.#ofSender.get(sender) ?? 0;
        if (ofSender >= INSTANCES_OF_SENDER_MAX || this.#entries.size >= INSTANCES_MAX) return undefined;
        this.#ofSender.set(sender, ofSender + 1);
        const entry: Entry = { name, sender, addresses: new Map(), service: undefined, txt: undefined, until: now };
        this.#entries.set(id, entry);
        return entry;
    }
}

function learn(entry: Entry, record: DnsRecord, until: Millis): void {
    if (record.type === "PTR") entry.until = until;
    else if (record.type === "SRV") {
        entry.service = { value: { host: record.target, port: record.port }, until };
        entry.until = Math.max(entry.until, until);
    } else if (record.type === "TXT") {
        const parsed = parseTxt(record.entries);
        entry.txt = parsed.ok ? { value: parsed.value, until } : undefined;
        entry.until = Math.max(entry.until, until);
    }
}

/** True where the packet says something about the entry's host. */
function learnAddresses(entry: Entry, { packet, reachable }: Heard, now: Millis): boolean {
    let said = false;
    for (const record of packet.records) {
        if ((record.type !== "A" && record.type !== "AAAA") || entry.service?.value.host !== record.name) continue;
        const address = reachable(record.address);
        if (address === undefined) continue;
        said = true;
        if (record.ttlS === 0) entry.addresses.delete(address);
        else if (entry.addresses.has(address) || entry.addresses.size < ADDRESSES_MAX) {
            entry.addresses.set(address, untilOf(record, now));
        }
    }
    return said;
}

function untilOf({ ttlS }: DnsRecord, now: Millis): Millis {
    return now + Math.min(ttlS, TTL_S_MAX) * 1000;
}
