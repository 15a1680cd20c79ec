import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/base/encoding.ts";
import { decodeFirstFrame, encodeFirstFrame, type FirstFrame } from "../../src/link/first-frame.ts";
import * as inbound from "../../src/link/first-inbound.ts";
import { makeFirstLink } from "../../src/link/first-link.ts";
import * as options from "../../src/link/first-options.ts";
import * as outbound from "../../src/link/first-outbound.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/first-link.md"), "utf8");
const PAYLOAD = Uint8Array.from({ length: 100 }, (_, index) => index);
const TRANSFER = blake3(PAYLOAD).slice(0, 8);

function vector(name: string): Uint8Array {
    const hex = new RegExp(`^${name} +([0-9a-f]+)$`, "m").exec(PAGE)?.[1];
    const bytes = hex === undefined ? undefined : fromHex(hex);
    if (!bytes) throw new Error(`no vector "${name}" in docs/first-link.md`);
    return bytes;
}

function data(index: number): FirstFrame {
    const fragment = PAYLOAD.slice(index * 34, index * 34 + 34);
    return { kind: "data", source: 0x1234, transfer: TRANSFER, index, total: 3, fragment, asks: index === 2 };
}

function ack(status: "partial" | "stored" | "rejected" | "later"): FirstFrame {
    const bitmap = status === "partial" ? Uint8Array.of(5) : new Uint8Array(0);
    return { kind: "ack", source: 0xbeef, transfer: TRANSFER, total: 3, status, bitmap };
}

describe("docs/first-link.md", () => {
    it.each<readonly [string, FirstFrame]>([
        ["data 0", data(0)],
        ["data 1", data(1)],
        ["data 2 asks", data(2)],
        ["ack partial 101", ack("partial")],
        ["ack stored", ack("stored")],
        ["ack rejected", ack("rejected")],
        ["ack later", ack("later")],
    ])("shows the bytes of %s", (name, frame) => {
        const bytes = vector(name);
        expect(toHex(encodeFirstFrame(frame))).toBe(toHex(bytes));
        expect(decodeFirstFrame(bytes)).toEqual({ ok: true, value: frame });
        expect(new DataView(bytes.buffer).getUint32(bytes.length - 4)).toBe(crc32(bytes.subarray(0, -4)));
    });

    it("shows what the link really sends", () => {
        const link = makeFirstLink({
            source: 0x1234,
            seed: 1,
            digest: blake3,
            frameSizeMax: 64,
            airtimeMs: (size) => size,
        });
        const effects = [
            ...link.handle({ kind: "offer", offer: 1, payload: PAYLOAD }, 0),
            ...link.handle({ kind: "transmitted", sent: true }, 1),
            ...link.handle({ kind: "transmitted", sent: true }, 2),
        ];
        const frames = effects.flatMap((effect) => (effect.kind === "transmit" ? [toHex(effect.frame)] : []));
        expect(frames).toEqual(["data 0", "data 1", "data 2 asks"].map((name) => toHex(vector(name))));
    });

    it("names the limits that the code has", () => {
        const code: Readonly<Record<string, unknown>> = { ...inbound, ...options, ...outbound };
        const rows = [...PAGE.matchAll(/^\| ([A-Z_]+) \| (\d+) \|/gm)];
        expect(rows.length).toBeGreaterThan(8);
        expect(rows.map(([, name = "", value]) => [name, Number(value)])).toEqual(
            rows.map(([, name = ""]) => [name, code[name]]),
        );
    });
});
