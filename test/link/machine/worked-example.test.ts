import { readFileSync } from "node:fs";
import { join } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import { expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { routingKeyOf } from "../../../src/link/block/item.ts";
import { makeLink } from "../../../src/link/machine/machine.ts";
import { encodeSnapshot } from "../../../src/link/machine/snapshot.ts";
import { LinkStation } from "../../sim/link-station.ts";
import { SimAir } from "../../sim/sim-air.ts";
import { NOW_HOUR } from "../block/rig.ts";
import { MINUTE_MS, message } from "./rig.ts";

/** A message of 20 characters is an envelope with 144 bytes of ciphertext. */
const PAYLOAD = message(1, { size: 144 });
const KEY = routingKeyOf(PAYLOAD) ?? new Uint8Array(16);
const NODES = [
    { name: "near", node: 0x0101, alias: 2 },
    { name: "far", node: 0x0202, alias: 11 },
];
const ROW = 32;

/** Everything that two neighbours who know the recipient send for one message, in the words of docs/link.md. */
function exchange(): string {
    const lines = rows("payload", PAYLOAD);
    const air = new SimAir({ seed: 8 });
    const stations = NODES.map(({ name, node }) => {
        return new LinkStation({
            air,
            makeLink: (station) =>
                makeLink({
                    node,
                    seed: node,
                    digest: blake3,
                    frameSizeMax: 222,
                    airtimeMs: (size) => station.airtimeMs(size),
                    hour: () => NOW_HOUR,
                    snapshot: encodeSnapshot({
                        keys: [KEY],
                        neighbours: NODES.filter((other) => other.node !== node),
                        assemblies: [],
                        outgoing: [],
                    }),
                }),
            onEffect: (effect) => {
                if (effect.kind === "transmit")
                    lines.push(...rows(`${name}, ${effect.frame.length} bytes`, effect.frame));
            },
        });
    });
    stations[0]?.offer(1, PAYLOAD);
    air.run(MINUTE_MS);
    expect(stations[0]?.outcomes.get(1)?.kind).toBe("acknowledged");
    expect(stations[1]?.has(PAYLOAD)).toBe(true);
    return lines.join("\n");
}

function rows(title: string, bytes: Uint8Array): string[] {
    const text = Array.from({ length: Math.ceil(bytes.length / ROW) }, (_, row) => {
        return `    ${toHex(bytes.subarray(row * ROW, (row + 1) * ROW))}`;
    });
    return [title, ...text];
}

it("the worked example of docs/link.md is what the link does", () => {
    const doc = readFileSync(join(import.meta.dirname, "../../../docs/link.md"), "utf8");
    const section = doc.slice(doc.indexOf("## 8. A worked example"));
    expect(section).toContain(exchange());
});
