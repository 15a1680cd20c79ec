import { describe, expect, it } from "vitest";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { toBase64 } from "../../../src/base/encoding.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { makeMailboxClient } from "../../../src/carriers/http/mailbox-client.ts";
import type { MeetingSource } from "../../../src/carriers/http/meeting-host.ts";
import { requestSigner, signedVerifier } from "../../../src/carriers/http/signed.ts";
import { makeIdentity } from "../../../src/crypto/identity.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";
import { testMessage } from "../../support/envelopes.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { startServer } from "./fixture.ts";
import { startPeer } from "./peer-rig.ts";

const ROUTE = "/api/v1/hearth/reconcile";
const WALL = 1_767_225_600;
const asker = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret: new Uint8Array(32).fill(8) });
const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);
const idsOf = (numbers: readonly number[]): readonly Uint8Array[] => numbers.map((n) => testMessage(n).messageId);

function source(numbers: readonly number[]): MeetingSource {
    const payloads = new Map(numbers.map((n) => [toBase64(testMessage(n).messageId), testMessage(n).payload]));
    return {
        entropy: systemEntropy,
        ids: async () => idsOf(numbers),
        payload: (messageId) => payloads.get(toBase64(messageId)),
    };
}

/** The answering Hearth, which knows the asking one as its peer "asker". */
function host(numbers: readonly number[], isKnown = true) {
    return startServer({
        verifySigned: signedVerifier(nativeCrypto, []),
        peerOf: (publicId) => (isKnown && toBase64(publicId) === toBase64(asker.publicId) ? "asker" : undefined),
        meetings: source(numbers),
    });
}

function signedClient(url: string) {
    return makeMailboxClient({ url, clock: new VirtualClock(), sign: requestSigner(asker, () => WALL) });
}

async function meet(here: readonly number[], there: readonly number[]) {
    const { server } = await host(there);
    const missing: Uint8Array[] = [];
    const rig = await startPeer(server.address?.url ?? "", {
        call: { sign: requestSigner(asker, () => WALL) },
        meetings: {
            everyMs: 60_000,
            entropy: systemEntropy,
            ids: async () => idsOf(here),
            reoffer: async (ids) => void missing.push(...ids),
        },
    });
    return { rig, missing };
}

const sorted = (list: readonly Uint8Array[]): readonly string[] => list.map((each) => toBase64(each)).sort();

describe("a meeting of two depots", () => {
    it.each([
        ["both have some of their own", range(0, 60), range(40, 100)],
        ["one is empty", [], range(0, 300)],
        ["the other is empty", range(0, 300), []],
        ["hundreds differ among thousands", range(0, 2_200), range(150, 2_300)],
    ])("evens out both ways where %s", async (_, here, there) => {
        const { rig, missing } = await meet(here, there);
        const lacksHere = there.filter((n) => !here.includes(n));
        const lacksThere = here.filter((n) => !there.includes(n));
        await rig.until(() => rig.arrived.length >= lacksHere.length && missing.length >= lacksThere.length);
        expect(sorted(rig.arrived)).toEqual(sorted(lacksHere.map((n) => testMessage(n).payload)));
        expect(sorted(missing)).toEqual(sorted(idsOf(lacksThere)));
    });

    it("costs a few requests where nothing differs, and comes again in its time", async () => {
        const { rig, missing } = await meet(range(0, 500), range(0, 500));
        await rig.until(() => rig.clock.now().monotonic > 125_000, 1_000);
        expect([rig.arrived, missing]).toEqual([[], []]);
        expect(rig.states.map(({ kind }) => kind)).toEqual(["starting", "up"]);
    });

    it("is for peers only: who signs as somebody else, or not at all, is sent away", async () => {
        const stranger = await host(range(0, 9), false);
        const begin = { begin: toBase64(new Uint8Array(8)) };
        expect(await signedClient(stranger.server.address?.url ?? "").ask(ROUTE, begin)).toMatchObject({
            error: { status: 403 },
        });
        const { server, ask } = await host(range(0, 9));
        const unsigned = makeMailboxClient({ url: server.address?.url ?? "", clock: new VirtualClock() });
        expect(await unsigned.ask(ROUTE, begin)).toMatchObject({ error: { status: 403 } });
        expect((await ask({ path: ROUTE })).status).toBe(405);
        const plain = await startServer();
        expect((await plain.ask({ method: "POST", path: ROUTE, body: new Uint8Array(2) })).status).toBe(404);
    });

    it("does not disturb a peer that is no Hearth", async () => {
        const plain = await startServer();
        const rig = await startPeer(plain.server.address?.url ?? "", {
            meetings: { everyMs: 1_000, entropy: systemEntropy, ids: async () => [], reoffer: async () => undefined },
        });
        await rig.until(() => rig.clock.now().monotonic > 60_000, 5_000);
        expect(rig.states.at(-1)).toMatchObject({ kind: "up" });
    });
});

describe("the answering end", () => {
    it.each([
        ["no JSON", "x", 400],
        ["no object", [1], 400],
        ["a nonce of another size", { begin: "AAAA" }, 400],
        ["a meeting that never was", { session: "x", say: [] }, 410],
    ])("says what is wrong with %s", async (_, question, status) => {
        const { server } = await host(range(0, 9));
        const asked = await signedClient(server.address?.url ?? "").ask(ROUTE, question);
        expect(asked).toMatchObject({ ok: false, error: { status } });
    });

    it("survives whatever is said in a meeting, and gives the same twice", async () => {
        const { server } = await host(range(0, 40));
        const client = signedClient(server.address?.url ?? "");
        const begun = await client.ask(ROUTE, { begin: toBase64(new Uint8Array(8)) });
        const session = begun.ok ? begun.value["session"] : "";
        const random = makePrng(5);
        for (let times = 0; times < 100; times++) {
            const bytes = Uint8Array.from({ length: Math.floor(random() * 64) }, () => Math.floor(random() * 256));
            expect((await client.ask(ROUTE, { session, say: [toBase64(bytes)] })).ok).toBe(true);
        }
        for (const say of [[1], [{}], ["!"]]) {
            expect(await client.ask(ROUTE, { session, say })).toMatchObject({ error: { status: 400 } });
        }
        for (const give of [-1, 0.5, "0"]) {
            expect(await client.ask(ROUTE, { session, give })).toMatchObject({ error: { status: 400 } });
        }
        const given = await client.ask(ROUTE, { session, give: 0 });
        expect(await client.ask(ROUTE, { session, give: 0 })).toEqual(given);
        expect(await client.ask(ROUTE, { session, give: 1e9 })).toMatchObject({ value: { payloads: [], more: false } });
    });
});
