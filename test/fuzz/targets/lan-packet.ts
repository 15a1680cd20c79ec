import { Browser, INSTANCES_MAX } from "../../../src/carriers/lan/browser.ts";
import { decodeDns, encodeQuery, encodeResponse } from "../../../src/carriers/lan/dns.ts";
import { ownRecords, Responder } from "../../../src/carriers/lan/responder.ts";
import { SERVICE_TYPE } from "../../../src/carriers/lan/txt.ts";
import type { FuzzTarget } from "../target.ts";

const OWN = { routingKey: new Uint8Array(16).fill(1), port: 23_004, caps: ["relay"] };

/** Packets of multicast DNS: anybody on the network writes them, and everything decoded is looked at. */
export const target: FuzzTarget = {
    name: "lan-packet",
    corpus() {
        const { pointer, rest } = ownRecords(OWN, ["10.0.0.1", "fe80::1"]);
        return [encodeResponse([pointer], rest), encodeQuery([{ name: SERVICE_TYPE, type: "PTR" }])];
    },
    run(bytes) {
        const packet = decodeDns(bytes);
        if (!packet) return;
        const browser = new Browser();
        const heard = { packet, sender: "10.0.0.2", reachable: (address: string) => address };
        for (const id of browser.hear(heard, 0)) {
            const sighting = browser.sighting(id, 0);
            if (sighting && (sighting.port === 0 || sighting.routingKey.length !== 32))
                throw new Error("not a sighting");
        }
        if (browser.size > INSTANCES_MAX) throw new Error("more names than may be");
        encodeQuery(browser.questions(0));
        new Responder(OWN).answer(packet, { name: "eth0", addresses: ["10.0.0.1"] }, 0);
    },
};
