import { blake3 } from "@noble/hashes/blake3.js";
import { bundleFileErrorText, decodeBundleFile, encodeBundleFile } from "../../../src/wire/bundle-file.ts";
import { decodeSubmitBody, encodeSubmitBody, submitBodyErrorText } from "../../../src/wire/submit-body.ts";
import { testMessage } from "../../support/envelopes.ts";
import type { FuzzTarget } from "../target.ts";

const FRAMES = [testMessage(1).payload, new Uint8Array(0), testMessage(2).tombstone];
const FRAMES_MAX = 100;

/** Bundle files and submit bodies: containers that a stranger wrote. */
export const target: FuzzTarget = {
    name: "containers",
    corpus: () => [encodeBundleFile(FRAMES, blake3), encodeBundleFile([], blake3), encodeSubmitBody(FRAMES)],
    run(bytes) {
        const file = decodeBundleFile(bytes, blake3);
        if (!file.ok) bundleFileErrorText(file.error);
        else if (totalOf(file.value) > bytes.length) throw new Error("frames beyond the file");
        const body = decodeSubmitBody(bytes, FRAMES_MAX);
        if (!body.ok) submitBodyErrorText(body.error);
        else if (totalOf(body.value) > bytes.length || body.value.length > FRAMES_MAX)
            throw new Error("frames beyond the body");
    },
};

function totalOf(frames: readonly Uint8Array[]): number {
    return frames.reduce((sum, { length }) => sum + length, 0);
}
