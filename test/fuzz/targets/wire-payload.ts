import {
    decodeWirePayload,
    encodeMessagePayload,
    encodeTombstonePayload,
    wireErrorText,
} from "../../../src/wire/payload.ts";
import { testMessage } from "../../support/envelopes.ts";
import type { FuzzTarget } from "../target.ts";

/** What every door of the gateway ends in: a WirePayload from a stranger. */
export const target: FuzzTarget = {
    name: "wire-payload",
    corpus: () => [
        testMessage(1).payload,
        testMessage(2, { ttlHours: undefined, size: 0 }).payload,
        testMessage(3, { size: 300 }).payload,
        testMessage(4).tombstone,
    ],
    run(bytes) {
        const result = decodeWirePayload(bytes);
        if (!result.ok) {
            const { offset, field } = result.error;
            if (offset < 0 || offset > bytes.length || field === "") throw new Error("an error without a place");
            wireErrorText(result.error);
            return;
        }
        const again =
            result.value.kind === "message"
                ? encodeMessagePayload(result.value.outer)
                : encodeTombstonePayload(result.value.tombstone);
        // Long varints shrink and trailing bytes go; what is left must mean the same.
        if (again.length > bytes.length) throw new Error("decoding invented bytes");
        const second = decodeWirePayload(again);
        if (!second.ok || JSON.stringify(second.value) !== JSON.stringify(result.value))
            throw new Error("lossy round trip");
    },
};
