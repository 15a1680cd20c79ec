import { blake3 } from "@noble/hashes/blake3.js";
import { bytesSource } from "../../../src/carriers/bundle/bytes-source.ts";
import { salvageFrames } from "../../../src/carriers/bundle/salvage.ts";
import { encodeBundleFile } from "../../../src/wire/bundle-file.ts";
import { decodeWirePayload } from "../../../src/wire/payload.ts";
import { testMessage } from "../../support/envelopes.ts";
import type { FuzzTarget } from "../target.ts";

/** Damaged bundles: what is salvaged decodes, lies in the file, and nothing is found twice. */
export const target: FuzzTarget = {
    name: "bundle-salvage",
    corpus: () => [
        encodeBundleFile([testMessage(1).payload, testMessage(2).tombstone, testMessage(3).payload], blake3),
    ],
    async run(bytes) {
        let before = 0;
        for await (const { frame, end } of salvageFrames(bytesSource(bytes))) {
            if (end > bytes.length || end - frame.length < before) throw new Error("a frame that is not there");
            if (!decodeWirePayload(frame).ok) throw new Error("a frame that does not decode");
            before = end;
        }
    },
};
