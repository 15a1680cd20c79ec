import { describe, expect, it } from "vitest";
import { ASKED_KEYS_MAX, decodeAsking, encodeAsking } from "../../src/link/asking.ts";
import { INTEREST_KEYS_MAX, INTEREST_S, Interest } from "../../src/relay/interest.ts";
import { rule, type Way } from "../../src/relay/rules.ts";
import { id16, testMessage, testWay } from "../support/envelopes.ts";

describe("what was asked for", () => {
    it("is known for two days after the last asking, over a restart too", () => {
        const interest = new Interest();
        interest.ask([id16(1), id16(2)], 1_000);
        interest.ask([id16(2)], 2_000);
        const again = new Interest(interest.snapshot());
        for (const each of [interest, again]) {
            expect(each.has(id16(1), 1_000 + INTEREST_S - 1)).toBe(true);
            expect(each.has(id16(1), 1_000 + INTEREST_S)).toBe(false);
            expect(each.keys(1_000 + INTEREST_S)).toEqual([id16(2)]);
            expect(each.has(id16(3), 1_000)).toBe(false);
        }
    });

    it("has a limit, and takes nothing from a broken snapshot", () => {
        const interest = new Interest();
        for (let number = 0; number <= INTEREST_KEYS_MAX; number++) interest.ask([id16(number)], 1_000);
        expect(interest.keys(1_000)).toHaveLength(INTEREST_KEYS_MAX);
        expect(interest.has(id16(0), 1_000)).toBe(false);
        expect(new Interest(new Uint8Array(23)).keys(0)).toEqual([]);
    });

    it("decides what goes from the Internet to a mesh, and nothing else", () => {
        const asked = {
            isInternet: (ingress: string) => ingress === "peer",
            isAsked: (key: Uint8Array) => key[15] === 1,
        };
        const mesh: Way = { ...testWay("mesh", { onlyAsked: true }), asked };
        const item = { size: 100, routingKey: id16(1) };
        expect(rule({ ...item, ingress: "peer" }, mesh)).toBe("offer");
        expect(rule({ ...item, ingress: "peer", routingKey: id16(2) }, mesh)).toBe("not_asked_for");
        expect(rule({ ...item, ingress: "peer", routingKey: undefined }, mesh)).toBe("not_asked_for");
        expect(rule({ ...item, ingress: "lora", routingKey: id16(2) }, mesh)).toBe("offer");
        expect(rule({ ...item, ingress: "mesh" }, mesh)).toBe("came_from_there");
        expect(rule({ ...item, ingress: "peer", routingKey: id16(2) }, testWay("lora"))).toBe("offer");
    });
});

describe("an asking", () => {
    it("is ff61 and the keys, and no WirePayload", () => {
        const keys = [id16(1), id16(2)];
        const asking = encodeAsking(keys);
        expect([...asking.subarray(0, 2)]).toEqual([0xff, 0x61]);
        expect(decodeAsking(asking)).toEqual(keys);
        expect(decodeAsking(testMessage(1).payload)).toBeUndefined();
        expect(decodeAsking(testMessage(1).tombstone)).toBeUndefined();
    });

    it.each([2, 17, 19, 2 + 16 * (ASKED_KEYS_MAX + 1)])("of %i bytes is none", (size) => {
        expect(decodeAsking(Uint8Array.from({ length: size }, (_, at) => (at === 0 ? 0xff : 0x61)))).toBeUndefined();
    });
});
