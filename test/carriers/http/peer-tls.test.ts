import { createHash, X509Certificate } from "node:crypto";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import type { CertPin } from "../../../src/carriers/http/cert-pin.ts";
import { AUTHORITY, certificate, receipts, scriptedPeer, startPeer } from "./peer-rig.ts";

const good = certificate("good");
const { raw, publicKey } = new X509Certificate(good.cert);

function sha256(bytes: Uint8Array): Uint8Array {
    return createHash("sha256").update(bytes).digest();
}

const PINS = {
    cert: { kind: "cert", hash: sha256(raw) },
    spki: { kind: "spki", hash: sha256(publicKey.export({ type: "spki", format: "der" })) },
    other: { kind: "spki", hash: sha256(raw) },
} as const satisfies Readonly<Record<string, CertPin>>;

describe("TLS to a peer", () => {
    it.each([
        ["without pins", []],
        ["with the certificate's pin", [PINS.cert]],
        ["with the key's pin, after one that does not fit", [PINS.other, PINS.spki]],
    ] as const)("carries parcels where an authority vouches for it, %s", async (_, pins) => {
        const { url } = await scriptedPeer(({ frames }) => receipts(frames), good);
        const rig = await startPeer(url, { call: { authorities: AUTHORITY, pins } });
        expect((await rig.send([1, 2])).map(({ kind }) => kind)).toEqual(["peer_stored", "peer_stored"]);
    });

    it.each([
        ["nobody vouches for it", good, { pins: [PINS.cert] }, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
        ["it fits no pin", good, { authorities: AUTHORITY, pins: [PINS.other] }, "CERTIFICATE_NOT_PINNED"],
        ["it expired", certificate("expired"), { authorities: AUTHORITY }, "CERT_HAS_EXPIRED"],
    ] as const)("is refused where %s, before anything is asked", async (_, tls, call, reason) => {
        const { url, asked } = await scriptedPeer(() => ({}), tls);
        const rig = await startPeer(url, { call: { ...call, url: url.replace("//", "//alice:secret@") } });
        expect(rig.states.at(-1)).toEqual({ kind: "down", reason: `${url} does not answer: ${reason}` });
        expect((await rig.send([1]))[0]).toMatchObject({ kind: "failed", detail: expect.stringContaining(reason) });
        expect(asked).toEqual([]);
        expect(JSON.stringify(rig.states)).not.toContain("secret");
    });

    it("is refused for another name than the certificate's", async () => {
        const { url } = await scriptedPeer(() => ({}), good);
        const rig = await startPeer(url.replace("127.0.0.1", "localhost"), { call: { authorities: AUTHORITY } });
        expect(rig.states.at(-1)).toMatchObject({ reason: expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID") });
    });

    it("with a peer that speaks none is a failure, as is the other way round", async () => {
        const plain = await scriptedPeer(() => ({}));
        const rig = await startPeer(plain.url.replace("http:", "https:"), { call: { authorities: AUTHORITY } });
        expect(rig.states.at(-1)?.kind).toBe("down");
        const tls = await scriptedPeer(() => ({}), good);
        expect((await startPeer(tls.url.replace("https:", "http:"))).states.at(-1)?.kind).toBe("down");
        // The server itself is unharmed.
        const socket = connect(Number(new URL(tls.url).port), "127.0.0.1");
        await new Promise((resolve) => socket.once("connect", resolve));
        socket.destroy();
    });
});
