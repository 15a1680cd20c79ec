import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProgram } from "../../src/app/cli/program.ts";
import { testTerminal } from "../support/test-terminal.ts";

const TIMEOUT_MS = 10_000;

let directory: string;
let told: ReturnType<typeof testTerminal>;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-identity-"));
    told = testTerminal();
});
afterEach(() => rmSync(directory, { recursive: true }));

function hearth(...args: readonly string[]): Promise<number> {
    return runProgram(args, told.terminal);
}

function file(name: string, content?: string | Uint8Array): string {
    const path = join(directory, name);
    if (content !== undefined) writeFileSync(path, content);
    return path;
}

describe("a person's identity", { timeout: TIMEOUT_MS }, () => {
    it("is kept for its owner only, and shown again to whoever knows the password", async () => {
        const [identity, password] = [file("me.ember"), file("password", "wörd\n")];
        expect(await hearth("identity", "new", "--identity", identity, "--password-file", password, "--json")).toBe(0);
        expect(statSync(identity).mode & 0o777).toBe(0o600);
        expect(readFileSync(identity)).toHaveLength(93);
        expect(await hearth("identity", "show", "--identity", identity, "--password-file", password, "--json")).toBe(0);
        expect(told.out[1]).toBe(told.out[0]);
        expect(await hearth("identity", "show", "--identity", identity)).toBe(1);
        expect(told.err.join("\n")).not.toContain("wörd");
    });

    it("is never written over", async () => {
        const identity = file("me.ember", "precious");
        expect(await hearth("identity", "new", "--plain", "--identity", identity)).toBe(1);
        expect(readFileSync(identity, "utf8")).toBe("precious");
    });

    it("is not made where it is unclear whether it shall have a password, or which", async () => {
        const [identity, password] = [file("me.ember"), file("password", "word")];
        expect(await hearth("identity", "new", "--plain", "--password-file", password, "--identity", identity)).toBe(1);
        file("password", Uint8Array.of(0xff, 0xfe));
        expect(await hearth("identity", "new", "--password-file", password, "--identity", identity)).toBe(1);
        expect(readdirSync(directory)).toEqual(["password"]);
    });

    it("that cannot be written is an error in words", async () => {
        const below = join(file("a-file", ""), "me.ember");
        expect(await hearth("identity", "new", "--plain", "--identity", below)).toBe(1);
        expect(told.err.join("\n")).toContain("cannot be written: ");
        mkdirSync(file("taken"));
        expect(await hearth("identity", "new", "--plain", "--identity", file("taken"))).toBe(1);
        expect(readdirSync(directory).sort()).toEqual(["a-file", "taken"]);
    });
});
