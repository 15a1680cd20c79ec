import { decodeInnerEnvelope, encodeInnerEnvelope, type InnerEnvelope } from "../../../src/wire/inner-envelope.ts";
import type { FuzzTarget } from "../target.ts";

const BASE: InnerEnvelope = {
    from: new Uint8Array(32).fill(7),
    createdAtMs: 1_767_225_600_000n,
    content: { kind: "text", body: "Grüße" },
    prevSelf: new Uint8Array(8).fill(1),
    observedHeads: [new Uint8Array(8).fill(2), new Uint8Array(8).fill(3)],
    epoch: 300,
    flags: 1,
};

/** What a correspondent may have sealed for us. */
export const target: FuzzTarget = {
    name: "inner-envelope",
    corpus: () => [
        encodeInnerEnvelope(BASE),
        encodeInnerEnvelope({
            ...BASE,
            content: { kind: "receipt", targetMessageId: new Uint8Array(16).fill(9), receipt: "read" },
            prevSelf: undefined,
            observedHeads: [],
        }),
    ],
    run(bytes) {
        const result = decodeInnerEnvelope(bytes);
        if (!result.ok) {
            if (result.error.offset > bytes.length) throw new Error("an error beyond the input");
            return;
        }
        const again = encodeInnerEnvelope(result.value);
        if (again.length > bytes.length) throw new Error("decoding invented bytes");
        if (!decodeInnerEnvelope(again).ok) throw new Error("lossy round trip");
    },
};
