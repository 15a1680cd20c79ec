import type { Millis } from "../../base/time.ts";
import type { DnsPacket, DnsRecord } from "./dns.ts";
import { type Advertisement, encodeTxt, hostName, instanceName, SERVICE_TYPE } from "./txt.ts";

/** How long others may remember us, in seconds (RFC 6762 section 10). */
const SERVICE_TTL_S = 4_500;
const HOST_TTL_S = 120;
/** The same records go out on one interface so often at most (RFC 6762 section 6), in milliseconds. */
export const ANSWER_PAUSE_MS = 1_000;

const ALL_SERVICES = "_services._dns-sd._udp.local";

/** The records that say where this gateway is, for one interface with these addresses. */
export function ownRecords(own: Advertisement, addresses: readonly string[], { goodbye = false } = {}) {
    const [instance, host] = [instanceName(own.routingKey), hostName(own.routingKey)];
    const serviceTtlS = goodbye ? 0 : SERVICE_TTL_S;
    const hostTtlS = goodbye ? 0 : HOST_TTL_S;
    const pointer: DnsRecord = { name: SERVICE_TYPE, type: "PTR", ttlS: serviceTtlS, target: instance };
    const rest: readonly DnsRecord[] = [
        { name: instance, type: "SRV", ttlS: hostTtlS, target: host, port: own.port },
        { name: instance, type: "TXT", ttlS: serviceTtlS, entries: encodeTxt(own) },
        ...addresses.map((address): DnsRecord => {
            const type = address.includes(":") ? "AAAA" : "A";
            return { name: host, type, ttlS: hostTtlS, address };
        }),
    ];
    return { pointer, rest };
}

/** Decides what is answered to a question, and how often. Answers always go to everybody. */
export class Responder {
    readonly #own: Advertisement;
    readonly #answeredAt = new Map<string, Millis>();

    constructor(own: Advertisement) {
        this.#own = own;
    }

    /** The answer to a packet that came in on an interface; undefined for none. */
    answer(
        packet: DnsPacket,
        way: { readonly name: string; readonly addresses: readonly string[] },
        now: Millis,
    ): { readonly answers: readonly DnsRecord[]; readonly additionals: readonly DnsRecord[] } | undefined {
        if (packet.isResponse) return undefined;
        const { pointer, rest } = ownRecords(this.#own, way.addresses);
        const all = [pointer, ...rest];
        const answers = all.filter((record) =>
            packet.questions.some(({ name, type }) => name === record.name && (type === record.type || type === "ANY")),
        );
        if (packet.questions.some(({ name, type }) => name === ALL_SERVICES && (type === "PTR" || type === "ANY"))) {
            answers.push({ name: ALL_SERVICES, type: "PTR", ttlS: SERVICE_TTL_S, target: SERVICE_TYPE });
        }
        const last = this.#answeredAt.get(way.name);
        if (answers.length === 0 || (last !== undefined && now - last < ANSWER_PAUSE_MS)) return undefined;
        this.#answeredAt.set(way.name, now);
        return { answers, additionals: all.filter((record) => !answers.includes(record)) };
    }
}
