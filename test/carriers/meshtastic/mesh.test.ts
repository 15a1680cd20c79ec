import { describe, expect, it } from "vitest";
import { testMessage } from "../../support/envelopes.ts";
import { Row, send } from "./rig.ts";

const HOUR_MS = 3_600_000;

describe("the link over a mesh", () => {
    it.each([0, 2])("brings an envelope over %i relays, byte for byte", async (relays) => {
        const row = new Row({ seed: 1, relays });
        const [near, far] = await row.ends();
        const { payload } = testMessage(1, { size: 224 });
        const sending = send(near, payload);
        expect(await row.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
        expect(far.arrived).toEqual([payload]);
    });

    it.each(["2.7", "2.8"] as const)("brings what one of three has to both others, firmware %s", async (firmware) => {
        const row = new Row({ seed: 3, relays: 1, emulated: { firmware } });
        const rigs = [];
        for (const [index, node] of row.nodes.entries()) rigs.push(await row.gateway(node, index + 1));
        const [near, middle, far] = rigs;
        if (!near || !middle || !far) throw new Error("no gateways");
        // Long enough for all hellos.
        await row.clock.advance(10 * 60_000);
        const payloads = [1, 2, 3].map((number) => testMessage(number, { size: 224 }).payload);
        const sendings = payloads.map((payload) => send(near, payload));
        await row.clock.runUntil(() => sendings.every(({ outcome }) => outcome !== undefined), HOUR_MS);
        expect(sendings.map(({ outcome }) => outcome?.kind)).toEqual(["peer_stored", "peer_stored", "peer_stored"]);
        expect(middle.arrived).toHaveLength(3);
        expect(far.arrived).toHaveLength(3);
    });

    it("carries 3 KB at 30 % loss", async () => {
        const row = new Row({ seed: 2, loss: 0.3, parts: { share: 1 } });
        const [near, far] = await row.ends();
        const payload = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 7) % 251);
        const sending = send(near, payload);
        expect(await row.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
        expect(far.arrived).toEqual([payload]);
    });
});
