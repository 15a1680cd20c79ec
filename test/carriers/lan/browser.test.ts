import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Browser, INSTANCES_MAX, INSTANCES_OF_SENDER_MAX } from "../../../src/carriers/lan/browser.ts";
import { type DnsRecord, decodeDns, encodeQuery, encodeResponse } from "../../../src/carriers/lan/dns.ts";
import { networkWays, reachableOver } from "../../../src/carriers/lan/interfaces.ts";
import { ANSWER_PAUSE_MS, ownRecords, Responder } from "../../../src/carriers/lan/responder.ts";
import { instanceName, SERVICE_TYPE } from "../../../src/carriers/lan/txt.ts";
import { damaged } from "../../support/arbitraries.ts";
import { id16 } from "../../support/envelopes.ts";

const KEY = id16(1, 0x11);
const NAME = instanceName(KEY);
const any = (address: string): string => address;

function own(key = KEY, port = 23_004) {
    const { pointer, rest } = ownRecords({ routingKey: key, port, caps: ["relay"] }, ["10.0.0.7"]);
    return [pointer, ...rest];
}

function heard(
    records: readonly DnsRecord[],
    sender = "10.0.0.7",
    reachable: (address: string) => string | undefined = any,
) {
    const packet = decodeDns(encodeResponse(records));
    if (!packet) throw new Error("our own packet cannot be read");
    return { packet, sender, reachable };
}

describe("a browser", () => {
    it("knows where an instance is until its records run out", () => {
        const browser = new Browser();
        const [id = ""] = browser.hear(heard(own()), 0);
        expect(browser.sighting(id, 119_000)).toEqual({
            id,
            instance: NAME,
            routingKey: Buffer.from(KEY).toString("hex"),
            port: 23_004,
            caps: ["relay"],
            addresses: ["10.0.0.7"],
        });
        expect(browser.sighting(id, 120_000)).toBeUndefined();
        expect(browser.expire(4_499_000)).toEqual([]);
        expect(browser.expire(4_500_000)).toEqual([id]);
        expect(browser.size).toBe(0);
    });

    it("asks for what is missing or about to run out", () => {
        const browser = new Browser();
        expect(browser.questions(0)).toEqual([{ name: SERVICE_TYPE, type: "PTR" }]);
        browser.hear(heard(own().slice(0, 1)), 0);
        expect(browser.questions(0).map(({ type }) => type)).toEqual(["PTR", "SRV", "TXT"]);
        browser.hear(heard(own()), 0);
        expect(browser.questions(0)).toHaveLength(1);
        expect(browser.questions(60_000).map(({ type }) => type)).toEqual(["PTR", "SRV", "A", "AAAA"]);
    });

    it("forgets at a goodbye, but only at the instance's own", () => {
        const browser = new Browser();
        const [id = ""] = browser.hear(heard(own()), 0);
        const { pointer, rest } = ownRecords({ routingKey: KEY, port: 1, caps: undefined }, ["10.0.0.7"], {
            goodbye: true,
        });
        browser.hear(heard([pointer, ...rest], "10.0.0.66"), 1_000);
        expect(browser.sighting(id, 1_000)?.port).toBe(23_004);
        browser.hear(heard([pointer]), 1_000);
        expect(browser.sighting(id, 1_000)).toBeUndefined();
        expect(browser.expire(1_000)).toContain(id);
    });

    it("gives no sighting for port 0, a TXT record that is none, or an address elsewhere", () => {
        const seen = (records: readonly DnsRecord[], reachable?: (address: string) => string | undefined) => {
            const browser = new Browser();
            const [id = ""] = browser.hear(heard(records, "10.0.0.7", reachable), 0);
            return browser.sighting(id, 1);
        };
        expect(seen(own(KEY, 0))).toBeUndefined();
        expect(seen(own(), () => undefined)).toBeUndefined();
        const bad = own().map((record) =>
            record.type === "TXT" ? { ...record, entries: new Map([["v", "1"]]) } : record,
        );
        expect(seen(bad)).toBeUndefined();
        expect(seen(own())).toBeDefined();
    });

    it("keeps thousands of names from keeping others out", () => {
        const browser = new Browser();
        for (let number = 0; number < 5_000; number++) browser.hear(heard(own(id16(number)).slice(0, 1)), 0);
        expect(browser.size).toBe(INSTANCES_OF_SENDER_MAX);
        const [id = ""] = browser.hear(heard(own(), "10.0.0.8"), 0);
        expect(browser.sighting(id, 1)).toBeDefined();
        for (let sender = 0; sender < 2_000; sender++)
            browser.hear(heard(own(id16(sender)).slice(0, 1), `s${sender}`), 0);
        expect(browser.size).toBe(INSTANCES_MAX);
        expect(browser.questions(0).length).toBeLessThan(30);
    });

    it("remembers no name that it could not ask for", () => {
        const browser = new Browser();
        const strange = ["\u{fffd}".repeat(60), "x".repeat(64), "a\nb"].map((label): DnsRecord => {
            return { type: "PTR", name: SERVICE_TYPE, ttlS: 60, target: `${label}.${SERVICE_TYPE}` };
        });
        for (const record of strange) {
            const packet = decodeDns(encodeResponse([record]));
            if (packet) browser.hear({ packet, sender: "x", reachable: any }, 0);
        }
        expect(browser.size).toBe(0);
    });

    it("takes any bytes without harm", () => {
        const good = fc.constant(Uint8Array.from(encodeResponse(own())));
        const browser = new Browser();
        const responder = new Responder({ routingKey: KEY, port: 1, caps: undefined });
        fc.assert(
            fc.property(fc.oneof(damaged(good), fc.uint8Array({ maxLength: 300 })), (bytes) => {
                const packet = decodeDns(bytes);
                if (!packet) return;
                for (const id of browser.hear({ packet, sender: "x", reachable: any }, 0)) browser.sighting(id, 0);
                responder.answer(packet, { name: "eth0", addresses: [] }, 0);
                encodeQuery(browser.questions(0));
            }),
        );
    });
});

describe("a responder", () => {
    const way = { name: "eth0", addresses: ["10.0.0.1", "fe80::1"] };
    const ask = (name: string, type: string) => {
        const packet = decodeDns(encodeQuery([{ name, type }]));
        if (!packet) throw new Error("our own query cannot be read");
        return packet;
    };

    it("says everything in one packet to who asks for the service", () => {
        const responder = new Responder({ routingKey: KEY, port: 23_004, caps: undefined });
        const answer = responder.answer(ask("_EMBER._tcp.local.", "PTR"), way, 0);
        expect(answer?.answers.map(({ type }) => type)).toEqual(["PTR"]);
        expect(answer?.additionals.map(({ type }) => type)).toEqual(["SRV", "TXT", "A", "AAAA"]);
    });

    it("is silent about others, and not made to shout", () => {
        const responder = new Responder({ routingKey: KEY, port: 23_004, caps: undefined });
        expect(responder.answer(ask("_http._tcp.local", "PTR"), way, 0)).toBeUndefined();
        expect(responder.answer(ask(NAME, "SRV"), way, 0)).toBeDefined();
        expect(responder.answer(ask(NAME, "SRV"), way, ANSWER_PAUSE_MS - 1)).toBeUndefined();
        expect(responder.answer(ask(NAME, "SRV"), { ...way, name: "eth1" }, 1)).toBeDefined();
        expect(responder.answer(ask(NAME, "SRV"), way, ANSWER_PAUSE_MS)).toBeDefined();
    });
});

it("an address is dialled only on the link that named it, and never this machine's own", () => {
    const base = { netmask: "", mac: "", internal: false };
    const ways = networkWays([], {
        lo: [{ ...base, address: "127.0.0.1", family: "IPv4", cidr: "127.0.0.1/8", internal: true }],
        eth0: [
            { ...base, address: "10.0.0.1", family: "IPv4", cidr: "10.0.0.1/24" },
            { ...base, address: "fe80::1", family: "IPv6", cidr: "fe80::1/64", scopeid: 2 },
            { ...base, address: "fd00:1::1", family: "IPv6", cidr: "fd00:1::1/64", scopeid: 0 },
        ],
    });
    const [v4, v6] = ways;
    if (!v4 || !v6 || ways.length !== 2) throw new Error("two ways were there");
    const dial = (address: string) => reachableOver(address.includes(":") ? v6 : v4, address);
    expect(dial("10.0.0.200")).toBe("10.0.0.200");
    expect(dial("fe80::abcd")).toBe("fe80::abcd%eth0");
    expect(dial("fd00:1:0:0:2::3")).toBe("fd00:1:0:0:2::3");
    const elsewhere = ["10.0.1.1", "127.0.0.1", "224.0.0.251", "10.0.0.1", "fd00:2::1", "::1", "fe80::1", "fd00:1::1"];
    for (const address of [...elsewhere, "999.1.1.1", "::ffff:10.0.0.2", "x"]) expect(dial(address)).toBeUndefined();
    expect(networkWays(["wlan0"])).toEqual([]);
});
