import { blake3 } from "@noble/hashes/blake3.js";
import { concatBytes, equalBytes } from "../../../src/base/bytes.ts";
import { CHUNK_ASSEMBLIES_MAX, CHUNK_BYTES_MAX, ChunkShelf, encodeChunks } from "../../../src/link/chunks.ts";
import { testMessage } from "../../support/envelopes.ts";
import type { FuzzTarget } from "../target.ts";

/** Frames that are none of the link's own, each behind its length in one byte: what the chunk shelf is fed. */
export const target: FuzzTarget = {
    name: "link-chunks",
    corpus: () =>
        [51, 100, 222].map((frameSizeMax) => {
            const chunks = encodeChunks(testMessage(1).payload, frameSizeMax, blake3);
            return concatBytes(
                ...(chunks.ok ? chunks.value : []).flatMap((chunk) => [Uint8Array.of(chunk.length), chunk]),
            );
        }),
    run(bytes) {
        const shelf = new ChunkShelf(blake3);
        for (let at = 0; at < bytes.length; ) {
            const size = bytes[at] ?? 0;
            const frame = bytes.subarray(at + 1, at + 1 + size);
            at += 1 + size;
            const payload = shelf.add(frame, at * 1_000);
            const fits = !payload || equalBytes(blake3(payload.subarray(1)).subarray(0, 8), frame.subarray(0, 8));
            if (!fits) throw new Error("an envelope that does not fit its hash");
            const fill = shelf.fill();
            if (fill.bytes > Math.min(CHUNK_BYTES_MAX, bytes.length) || fill.assemblies > CHUNK_ASSEMBLIES_MAX)
                throw new Error("grows");
        }
    },
};
