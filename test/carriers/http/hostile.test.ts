import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { Secret } from "../../../src/base/secret.ts";
import { REPLAYS_MAX, Replays } from "../../../src/carriers/http/replays.ts";
import { requestSigner, signedVerifier } from "../../../src/carriers/http/signed.ts";
import { makeIdentity } from "../../../src/crypto/identity.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";
import { encodeSubmitBody } from "../../../src/wire/submit-body.ts";
import { testMessage } from "../../support/envelopes.ts";
import { type Fixture, startServer, submitRequest } from "./fixture.ts";
import { type RequestLines, requestBytes } from "./raw-connection.ts";

const FLOOD = 4_000;
const CONNECTIONS = 8;
/** What a flood may leave behind, in bytes: caches of code and sockets, nothing for each request. */
const LEFT_BYTES_MAX = 8 * 1024 * 1024;
const FLOOD_MS_MAX = 30_000;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

function heldBytes(): number {
    collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
}

/** Sends the same kind of request again and again on several connections; returns every status that came. */
async function flood({ connect }: Fixture, request: (number: number) => RequestLines): Promise<ReadonlySet<number>> {
    const statuses = new Set<number>();
    const each = async (first: number): Promise<void> => {
        let connection = await connect();
        for (let number = first; number < FLOOD; number += CONNECTIONS) {
            connection.send(requestBytes(request(number)));
            const answer = await connection.answer();
            if (answer) statuses.add(answer.status);
            else connection = await connect();
        }
        connection.close();
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, first) => each(first)));
    return statuses;
}

const secret = new Uint8Array(32).fill(8);
const node = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret });

it.each([
    [
        "wrong passwords",
        (number: number) => ({
            path: "/api/v1/stats",
            headers: { authorization: `Basic ${Buffer.from(`ember:${number}`).toString("base64")}` },
        }),
        [401],
    ],
    [
        "wrong lengths within a body",
        (number: number) => ({
            method: "POST",
            path: "/api/v1/submit",
            body: Uint8Array.of(9, 0, 0, 0, number, 1, 1, 1),
        }),
        [401],
    ],
    [
        "signatures of nobody",
        (number: number) => ({
            ...submitRequest([testMessage(number).payload], { "x-node-signature": `${number}` }),
        }),
        [401],
    ],
] as const)(
    "%s at full rate are each answered, and nothing of them stays",
    { timeout: FLOOD_MS_MAX },
    async (_, request, wanted) => {
        const credentials = { username: "ember", password: new Secret("right") };
        const fixture = await startServer({ credentials, verifySigned: signedVerifier(nativeCrypto, []) });
        await flood(fixture, request);
        const before = heldBytes();
        expect([...(await flood(fixture, request))]).toEqual(wanted);
        expect(heldBytes() - before).toBeLessThan(LEFT_BYTES_MAX);
        expect(fixture.arrived).toEqual([]);
    },
);

it("a signed request is taken once, and its copies never, whoever sends them", async () => {
    const { submit, arrived, port } = await startServer({ verifySigned: signedVerifier(nativeCrypto, []) });
    const frames = [testMessage(1).payload];
    const wall = 1_767_225_600;
    const sign = requestSigner(node, () => wall);
    const destination = `127.0.0.1:${port}`;
    const signed = { method: "POST", path: "/api/v1/submit", body: encodeSubmitBody(frames), destination };
    const headers = sign(signed);
    expect((await submit(frames, headers)).status).toBe(200);
    for (let times = 0; times < 3; times++) {
        const copy = await submit(frames, headers);
        expect([copy.status, copy.body]).toEqual([401, '{"error":"Signature verification failed: Replayed request"}']);
    }
    // Another spelling of the same signature is no other signature.
    const spelt = { ...headers, "x-node-signature": headers["x-node-signature"]?.replace(/==$/, "=") ?? "" };
    expect((await submit(frames, spelt)).status).toBe(401);
    // The same request signed anew is another request, as a node sends it that heard no answer.
    expect((await submit(frames, sign(signed))).status).toBe(200);
    expect(arrived).toHaveLength(2);
});

it("signatures are remembered as long as they are good, in bounded number", () => {
    const replays = new Replays(3);
    const name = (number: number): string => `${number}`.padEnd(88, "A");
    expect([replays.isNew(name(1), 0, 10), replays.isNew(name(1), 9, 19), replays.isNew(name(1), 10, 20)]).toEqual([
        true,
        false,
        true,
    ]);
    for (const number of [2, 3, 4, 5]) expect(replays.isNew(name(number), 11, 100)).toBe(true);
    expect(replays.isNew(name(5), 12, 100)).toBe(false);
    expect(replays.isNew(name(2), 12, 100)).toBe(true);
    expect(REPLAYS_MAX).toBe(65_536);
});
