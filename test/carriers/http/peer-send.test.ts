import { describe, expect, it } from "vitest";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { toBase64 } from "../../../src/base/encoding.ts";
import { verdictOf } from "../../../src/carriers/http/peer/verdict.ts";
import { requestSigner, signedVerifier } from "../../../src/carriers/http/signed.ts";
import { makeIdentity } from "../../../src/crypto/identity.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";
import { testMessage } from "../../support/envelopes.ts";
import { parcelOf, peerIdentity, receiptFor, receipts, scriptedPeer, startPeer } from "./peer-rig.ts";

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
const ok = JSON.stringify({ results: [{ status: "ok" }] });
const proof = { crypto: nativeCrypto, publicId: peerIdentity.publicId, receipts: true };

describe("parcels to a peer", () => {
    it("go together, a hundred at most, and each counts by its own verified receipt", async () => {
        const { url, asked } = await scriptedPeer(({ frames }) => receipts(frames));
        const rig = await startPeer(url);
        const outcomes = await rig.send(range(150));
        expect(asked.map(({ frames }) => frames.length)).toEqual([100, 50]);
        expect(outcomes.every(({ kind }) => kind === "peer_stored")).toBe(true);
        expect(outcomes.every((outcome) => outcome.kind === "peer_stored" && outcome.receipt?.length === 64)).toBe(
            true,
        );
    });

    it("are signed as Ember signs, for the host that the address names, with the login beside", async () => {
        const secret = new Uint8Array(32).fill(8);
        const identity = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret });
        const { url, asked } = await scriptedPeer(({ frames }) => receipts(frames));
        const rig = await startPeer(url, {
            call: { url: url.replace("//", "//alice:secret@"), sign: requestSigner(identity, () => 1_767_225_600) },
        });
        await rig.send([1]);
        const [request] = asked;
        if (!request) throw new Error("nothing was asked");
        expect(request.headers.authorization).toBe("Basic YWxpY2U6c2VjcmV0");
        expect(request.headers["content-type"]).toBe("application/vnd.ember.bundle");
        const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const);
        const verify = signedVerifier(nativeCrypto, [url.replace("http://", "")]);
        const signed = { method: "POST", path: "/api/v1/submit", headers, body: request.body, now: 1_767_225_601 };
        expect(verify(signed)).toEqual({ ok: true, value: identity.publicId });
        expect(verify(signed)).toEqual({ ok: false, error: "Replayed request" });
    });

    it("with a receipt that somebody else signed do not count, and the liar is left alone", async () => {
        const forged = toBase64(new Uint8Array(64).fill(1));
        const { url } = await scriptedPeer(({ frames }) => ({
            body: JSON.stringify({ results: frames.map(() => ({ status: "ok", signature: forged })) }),
        }));
        const rig = await startPeer(url);
        for (const number of range(5)) expect((await rig.send([number]))[0]?.kind).toBe("failed");
        expect(rig.states.at(-1)).toMatchObject({ kind: "down", reason: expect.stringContaining("not signed") });
    });

    it("with somebody else's receipt for another message do not count", async () => {
        const { url } = await scriptedPeer(() => ({
            body: JSON.stringify({ results: [{ status: "ok", signature: receiptFor(testMessage(2).messageId) }] }),
        }));
        expect((await (await startPeer(url)).send([1]))[0]).toMatchObject({ kind: "failed" });
    });

    it("that it had already count where its mailbox shows them, and not on its word alone", async () => {
        const shown = toBase64(testMessage(1).payload);
        const { url, asked } = await scriptedPeer(({ method, frames }) =>
            method === "GET"
                ? { body: JSON.stringify({ payloads: [shown], next_cursor: "9", has_more: false }) }
                : { body: JSON.stringify({ results: frames.map(() => ({ status: "ok" })) }) },
        );
        const rig = await startPeer(url);
        const [first, second] = await rig.send([1, 2]);
        expect(first).toEqual({ kind: "peer_stored" });
        expect(second).toMatchObject({ kind: "failed", detail: expect.stringContaining("does not show it") });
        expect(asked.filter(({ method }) => method === "GET")).toHaveLength(1);
        expect(
            verdictOf(proof, parcelOf(3, { isRefresh: true }), {
                status: "ok",
                ackSecret: undefined,
                signature: undefined,
            }).kind,
        ).toBe("peer_stored");
    });

    it("called back before they went are not sent", async () => {
        const { url, asked } = await scriptedPeer(({ frames }) => receipts(frames));
        const rig = await startPeer(url);
        const controller = new AbortController();
        const sent = rig.peer.send(parcelOf(1), controller.signal);
        controller.abort();
        expect(await sent).toEqual({ kind: "failed", detail: "called back" });
        await rig.send([2]);
        expect(asked.flatMap(({ frames }) => frames)).toHaveLength(1);
    });

    it.each([
        ["Mailbox full", "failed"],
        ["Rate limit exceeded for this routing key", "failed"],
        ["something new", "failed"],
        ["Message not found", "rejected"],
        ["Invalid ack_secret", "rejected"],
        ["Failed to decode frame: Empty payload", "rejected"],
        ["Message too large to be fetched: 50000 bytes exceeds max 49101", "rejected"],
    ] as const)("refused with %j are %s", (error, kind) => {
        expect(verdictOf(proof, parcelOf(1), { status: "error", error })).toEqual({ kind, detail: error });
    });
});

describe("a peer that", () => {
    it("takes less at once gets less at once, down to single ones", async () => {
        const { url, asked } = await scriptedPeer(({ frames }) =>
            frames.length > 3
                ? { status: 400, body: '{"error":"Invalid bundle body: too many frames"}' }
                : receipts(frames),
        );
        const rig = await startPeer(url);
        expect((await rig.send(range(20))).every(({ kind }) => kind === "peer_stored")).toBe(true);
        const before = asked.length;
        await rig.send(range(6));
        expect(asked.slice(before).map(({ frames }) => frames.length)).toEqual([3, 3]);
    });

    it("is busy is waited for as long as it asks, and stays up", async () => {
        const { url } = await scriptedPeer(() => ({ status: 429, headers: { "retry-after": "9" } }));
        const rig = await startPeer(url);
        for (const number of range(6)) {
            const [outcome] = await rig.send([number]);
            expect(outcome).toMatchObject({ kind: "failed", notBefore: rig.clock.now().monotonic + 9_000 });
        }
        expect(rig.states.at(-1)).toMatchObject({ kind: "up" });
    });

    it("refuses the login is left alone at once", async () => {
        const { url } = await scriptedPeer(() => ({ status: 401 }));
        const rig = await startPeer(url);
        expect((await rig.send([1]))[0]).toMatchObject({ kind: "failed" });
        expect(rig.states.at(-1)).toMatchObject({ kind: "down", reason: expect.stringContaining("user name") });
    });

    it("cuts, hangs or talks nonsense is left alone after five times, and taken up when it is well", async () => {
        let isWell = false;
        const bad = ["cut", { body: "<html>" }, { status: 500, body: "x" }, { body: ok }, { body: "[]" }] as const;
        let count = 0;
        const { url } = await scriptedPeer(({ frames }) =>
            isWell ? receipts(frames) : (bad[count++ % bad.length] ?? "cut"),
        );
        const rig = await startPeer(url);
        for (let times = 0; times < 5; times++) expect((await rig.send([1, 2]))[0]?.kind).toBe("failed");
        expect(rig.states.at(-1)?.kind).toBe("down");
        isWell = true;
        await rig.until(() => rig.states.at(-1)?.kind === "up", 100);
        expect((await rig.send([1]))[0]?.kind).toBe("peer_stored");
    });

    it("never answers is given up after half a minute", async () => {
        const { url, asked } = await scriptedPeer(() => "hang");
        const rig = await startPeer(url);
        const sent = rig.send([1]);
        await rig.until(() => asked.length === 1);
        await rig.clock.advance(30_000);
        expect((await sent)[0]).toMatchObject({ kind: "failed", detail: expect.stringContaining("within 30 s") });
    });

    it("answers without end is cut", async () => {
        const { url } = await scriptedPeer(() => ({ body: "x".repeat(9 * 1024 * 1024) }));
        const rig = await startPeer(url);
        expect((await rig.send([1]))[0]).toMatchObject({ detail: expect.stringContaining("too many bytes") });
    });
});
