import { isEncryptedIdentity, parseEncryptedIdentity } from "../../../src/crypto/identity-file.ts";
import { parsePublicIdBase64, parsePublicIdHex } from "../../../src/crypto/public-id.ts";
import type { FuzzTarget } from "../target.ts";

const MAGIC = "embr-identity-v1\u0001";

/** Identity files and public ids, as somebody may have typed or damaged them. The password's hash is left out: it is slow. */
export const target: FuzzTarget = {
    name: "identity-file",
    corpus: () => [
        new TextEncoder().encode(MAGIC.padEnd(93, "x")),
        new TextEncoder().encode("2a1c6c1b386219fa578a93abc4fad0de59f38be19384e4ee9790fc75de018f0c"),
        new TextEncoder().encode("KhxsGzhiGfpXipOrxPrQ3lnzi+GThOTul5D8dd4Bjww="),
    ],
    run(bytes) {
        const parts = parseEncryptedIdentity(bytes);
        if (parts.ok && (!isEncryptedIdentity(bytes) || parts.value.sealed.length !== 48))
            throw new Error("parts of nothing");
        const text = new TextDecoder().decode(bytes);
        for (const parsed of [parsePublicIdHex(text), parsePublicIdBase64(text)]) {
            if (parsed.ok && parsed.value.length !== 32) throw new Error("a public id of another size");
        }
    },
};
