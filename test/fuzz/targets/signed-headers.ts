import { makeIdentity } from "../../../src/crypto/identity.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";
import { signHeaders, verifyHeaders } from "../../../src/crypto/signed-headers.ts";
import type { FuzzTarget } from "../target.ts";

const NOW = 1_767_225_600;
const REQUEST = { method: "POST", path: "/api/v1/submit", body: Uint8Array.of(1, 2, 3) };
const TEXT = new TextDecoder("latin1");

/** The headers of a stranger's request, as lines of "name: value". */
export const target: FuzzTarget = {
    name: "signed-headers",
    corpus() {
        const secret = new Uint8Array(32).fill(4);
        const identity = makeIdentity({
            crypto: nativeCrypto,
            entropy: { fill: (target) => void target.fill(1) },
            secret,
        });
        const headers = signHeaders({ ...REQUEST, identity, timestamp: NOW, destination: "hill.example:23003" });
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
        return [new TextEncoder().encode(lines.join("\n"))];
    },
    run(bytes) {
        const headers = TEXT.decode(bytes)
            .split("\n")
            .map((line): [string, string] => {
                const colon = line.indexOf(":");
                return [line.slice(0, Math.max(0, colon)), line.slice(colon + 1).trim()];
            });
        const result = verifyHeaders({
            ...REQUEST,
            crypto: nativeCrypto,
            headers,
            now: NOW,
            hosts: ["hill.example:23003"],
        });
        if (!result.ok && result.error.text === "") throw new Error("a refusal without a reason");
        if (result.ok && result.value.length !== 32) throw new Error("a signer without a key");
    },
};
