import { readFileSync } from "node:fs";
import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/base/encoding.ts";
import { makeFrameGuard } from "../../../src/link/network-key.ts";
import { networkKeyVectors, VECTOR_KEYS } from "../../support/link-twin/network-key.ts";

/** `vitest run -u` writes the file anew from the twin: a change of the protocol, and only that. */
const FILE = "../../vectors/link/network-key.json";

function guard(slot: number, nodeId: number, counter: number) {
    const [one, two] = VECTOR_KEYS;
    const current = VECTOR_KEYS.find((each) => each.slot === slot);
    if (!one || !two) throw new Error("two keys are needed");
    const keys = current
        ? { current, next: current === one ? two : one }
        : { current: { slot, key: new Uint8Array(32) } };
    return makeFrameGuard({ keys, nodeId, counter, mac: (key, message) => blake3(message, { key }) });
}

describe("the vectors of the network key", () => {
    it("are what the twin makes", async () => {
        await expect(`${JSON.stringify(networkKeyVectors(), null, 2)}\n`).toMatchFileSnapshot(FILE);
    });

    it("are what the code seals and opens", () => {
        const text = readFileSync(new URL(FILE, import.meta.url), "utf8");
        const { steps } = JSON.parse(text) as ReturnType<typeof networkKeyVectors>;
        const receiver = guard(1, 1, 0);
        expect(steps.length).toBeGreaterThan(12);
        for (const { slot, node, counter, long, frame, sealed, outcome } of steps) {
            const made = guard(slot, node, counter).seal(fromHex(frame) ?? new Uint8Array(), long ? "long" : "short");
            expect(toHex(made)).toBe(sealed);
            const opened = receiver.open(made);
            expect(opened.ok ? `node ${opened.value.nodeId}, ${opened.value.frame.length} bytes` : opened.error).toBe(
                outcome,
            );
            if (opened.ok) expect(toHex(opened.value.frame)).toBe(frame);
        }
    });
});
