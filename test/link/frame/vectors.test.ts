import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { decodeFrame, encodeFrame } from "../../../src/link/frame/frame.ts";
import { makeFramesFile } from "../../support/link-twin/frame-cases.ts";
import { bytes, coded, plain } from "./frames.ts";

const FILE: ReturnType<typeof makeFramesFile> = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../vectors/link/frames.json"), "utf8"),
);
const { written, refused } = FILE.data;

it("the twin makes the file that is kept", () => {
    expect(JSON.parse(JSON.stringify(makeFramesFile()))).toEqual(FILE);
});

describe("frames", () => {
    it.each(written.map((each) => [each.name, each] as const))("%s", (_, { frame, means }) => {
        expect(toHex(encodeFrame(coded(means)))).toBe(frame);
        expect(plain(decodeFrame(bytes(frame)))).toEqual(means);
    });

    it.each(refused.map((each) => [each.name, each] as const))("refused: %s", (_, { frame, error }) => {
        expect(["damaged", "unknown"]).toContain(error);
        expect(plain(decodeFrame(bytes(frame)))).toBe(error);
    });
});
