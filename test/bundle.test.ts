import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const BUILD_MS_MAX = 60_000;

let folder = "";

beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "hearth bundle "));
    const entry = join(ROOT, "test/support/bundle-probe.ts");
    execFileSync(process.execPath, [join(ROOT, "build.mjs"), "--entry", entry, "--out", join(folder, "first")]);
    cpSync(join(folder, "first"), join(folder, "moved here"), { recursive: true });
    rmSync(join(folder, "first"), { recursive: true });
}, BUILD_MS_MAX);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runMoved(...args: readonly string[]): string {
    const bundle = join(folder, "moved here", "hearth.mjs");
    // Far from the checkout, so that nothing can be found in its node_modules.
    return execFileSync(process.execPath, [bundle, ...args], { cwd: folder, encoding: "utf8", stdio: "pipe" });
}

it("finds every native file beside itself after a move to a folder with spaces", () => {
    expect(runMoved("--natives").trim().split("\n")).toEqual(["sqlite 42", "serialport function", "pty function"]);
});

it("touches no native file before somebody needs it", () => {
    rmSync(join(folder, "moved here", "native"), { recursive: true });
    expect(runMoved()).toBe("\n");
    expect(() => runMoved("--natives")).toThrow();
});

it("carries the licence of every package it contains", () => {
    const licences = readFileSync(join(folder, "moved here", "LICENSES.txt"), "utf8");
    for (const name of ["better-sqlite3", "serialport", "@serialport/bindings-cpp", "@lydell/node-pty"])
        expect(licences).toContain(`\n${name} `);
    expect(licences).toContain("GNU GENERAL PUBLIC LICENSE");
});

it.skipIf(!existsSync(join(ROOT, "dist/hearth.mjs")))(
    "the real bundle says its version from anywhere (built first)",
    () => {
        const place = join(folder, "real one");
        cpSync(join(ROOT, "dist"), place, { recursive: true });
        const said = execFileSync(process.execPath, [join(place, "hearth.mjs"), "--version"], {
            cwd: folder,
            encoding: "utf8",
        });
        expect(said).toContain(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version);
    },
);
