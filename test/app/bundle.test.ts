import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProgram } from "../../src/app/cli/program.ts";
import { systemClock } from "../../src/app/clock.ts";
import { loadConfig } from "../../src/app/config/load.ts";
import { makeLog } from "../../src/app/log.ts";
import { openStation, type Station } from "../../src/app/station.ts";
import { decodeBundleFile, encodeBundleFile } from "../../src/wire/bundle-file.ts";
import { id16, testMessage } from "../support/envelopes.ts";
import { testTerminal } from "../support/test-terminal.ts";

const TIMEOUT_MS = 20_000;
const NOW_MS = 1_767_225_600_000;

let directory: string;
let told: ReturnType<typeof testTerminal>;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-bundle-cli-"));
    told = testTerminal();
});
afterEach(() => rmSync(directory, { recursive: true }));

function hearth(...args: readonly string[]): Promise<number> {
    return runProgram(["bundle", ...args, "--data-dir", join(directory, "data")], {
        ...told.terminal,
        now: () => NOW_MS,
    });
}

function bundleFile(name: string, frames: readonly Uint8Array[]): string {
    const path = join(directory, name);
    writeFileSync(
        path,
        encodeBundleFile(frames, (bytes) => blake3(bytes)),
    );
    return path;
}

function framesOf(path: string): readonly string[] {
    const frames = decodeBundleFile(readFileSync(path), (bytes) => blake3(bytes));
    if (!frames.ok) throw new Error(frames.error.kind);
    return frames.value.map((frame) => Buffer.from(frame).toString("hex"));
}

const hexes = (...numbers: readonly number[]) =>
    numbers.map((number) => Buffer.from(testMessage(number).payload).toString("hex"));
const last = (): Record<string, unknown> => JSON.parse(told.out.at(-1) ?? "");

describe("without a running gateway", { timeout: TIMEOUT_MS }, () => {
    it("imports, exports the same bytes, and knows what it knows already", async () => {
        const file = bundleFile("in.ember", [testMessage(1).payload, testMessage(2).payload, Uint8Array.of(9, 9)]);
        expect(await hearth("import", file, "--json")).toBe(0);
        expect(last()).toMatchObject({ frames: 3, stored: 2, duplicates: 0, refused: 1 });
        expect(await hearth("import", file, "--json")).toBe(0);
        expect(last()).toMatchObject({ stored: 0, duplicates: 2, refused: 1 });
        const out = join(directory, "out.ember");
        expect(await hearth("export", out)).toBe(0);
        expect(framesOf(out)).toEqual(hexes(1, 2));
    });

    it("exports tombstones when asked, and an imported tombstone ends its message", async () => {
        await hearth("import", bundleFile("a.ember", [testMessage(1).payload, testMessage(2).payload]));
        await hearth("import", bundleFile("b.ember", [testMessage(1).tombstone]));
        const out = join(directory, "out.ember");
        await hearth("export", out, "--tombstones");
        expect(framesOf(out)).toEqual([...hexes(2), Buffer.from(testMessage(1).tombstone).toString("hex")]);
        // An old bundle does not bring back what was acknowledged since.
        await hearth("import", join(directory, "a.ember"), "--json");
        expect(last()).toMatchObject({ stored: 0, duplicates: 2 });
    });

    it("never writes over a file unasked, and says when there is nothing", async () => {
        await hearth("import", bundleFile("a.ember", [testMessage(1, { ttlHours: 1 }).payload]));
        const out = join(directory, "out.ember");
        writeFileSync(out, "mine");
        expect(await hearth("export", out)).toBe(1);
        expect(readFileSync(out, "utf8")).toBe("mine");
        expect(await hearth("export", out, "--force", "--journey", "2h")).toBe(0);
        expect(told.err.at(-1)).toBe("Nothing to export.");
        expect(existsSync(out)).toBe(false);
    });

    it("chooses by mailbox, number and size, and plans what it would write", async () => {
        const other = testMessage(3, { routingKey: id16(7, 7) });
        const frames = [testMessage(1).payload, testMessage(2).payload, other.payload];
        await hearth("import", bundleFile("a.ember", frames));
        const out = join(directory, "out.ember");
        await hearth("export", out, "--routing-key", Buffer.from(id16(7, 7)).toString("hex"));
        expect(framesOf(out)).toEqual([Buffer.from(other.payload).toString("hex")]);
        await hearth("export", out, "--force", "--limit", "1");
        expect(framesOf(out)).toEqual(hexes(1));
        const size = 42 + 4 + other.payload.length;
        expect(await hearth("plan", "--size", String(size), "--json")).toBe(0);
        expect(last()).toEqual({ chosen: 1, fileBytes: size, left: 2, leftBytes: 2 * testMessage(1).payload.length });
        await hearth("export", out, "--force", "--size", String(size));
        expect(readFileSync(out)).toHaveLength(size);
        await hearth("plan");
        expect(told.out.at(-2)).toContain("3 messages, 3 of them nowhere else yet");
        expect(await hearth("plan", "--size", "big")).toBe(1);
        expect(await hearth("plan", "--since", "yesterday")).toBe(1);
        expect(await hearth("plan", "--since", "2h 30m")).toBe(0);
    });

    it("refuses a damaged file with exit code 1, and salvages it when asked", async () => {
        const file = bundleFile("a.ember", [testMessage(1).payload, testMessage(2).payload]);
        writeFileSync(file, readFileSync(file).subarray(0, -40));
        expect(await hearth("import", file)).toBe(1);
        expect(await hearth("import", file, "--salvage", "--json")).toBe(0);
        expect(last()).toMatchObject({ frames: 1, stored: 1 });
    });
});

describe("with a running gateway", { timeout: TIMEOUT_MS }, () => {
    let station: Station;
    beforeEach(async () => {
        const defaults = loadConfig([]);
        if (!defaults.ok) throw new Error("the defaults are no configuration");
        const { http } = defaults.value;
        station = await openStation({
            config: {
                ...defaults.value,
                dataDir: join(directory, "data"),
                http: { ...http, listen: { host: "127.0.0.1", port: 0 } },
            },
            clock: systemClock,
            log: makeLog({ level: "error", json: false, now: Date.now, write: () => undefined }),
            makeRadios: () => [],
        });
    });
    afterEach(() => station.stop());

    it("imports through its mailbox at the mailbox's pace, and exports from beside it", async () => {
        // More than one routing key's burst of 20.
        const numbers = Array.from({ length: 24 }, (_, index) => index);
        const frames = numbers.map((number) => testMessage(number).payload);
        const file = bundleFile("a.ember", frames);
        const port = new URL(station.mailboxUrl).port;
        expect(await hearth("import", file, "--json", "--http", `127.0.0.1:${port}`)).toBe(0);
        expect(last()).toMatchObject({ frames: 24, stored: 24 });
        const out = join(directory, "out.ember");
        expect(await hearth("export", out)).toBe(0);
        expect(new Set(framesOf(out))).toEqual(new Set(hexes(...numbers)));
    });
});
