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
