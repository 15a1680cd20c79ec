import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runProgram } from "../../src/app/cli/program.ts";
import { testTerminal } from "../support/test-terminal.ts";

const DEMO_MS = 30_000;

let home: string;
beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "hearth-home-"));
});
afterEach(() => rmSync(home, { recursive: true }));

async function shown(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<unknown> {
    const { terminal, out, err } = testTerminal({ HEARTH_HOME: home, ...env });
    expect(await runProgram(["config", "show", ...args], terminal), err.join("\n")).toBe(0);
    return JSON.parse(out.join("\n"));
}

it("data lies in the clone, wherever the command is given", async () => {
    expect(await shown({})).toMatchObject({ dataDir: join(home, "data"), name: "hearth" });
});

it("the file beside the README is the configuration, unless another is named", async () => {
    writeFileSync(join(home, "hearth.toml"), 'name = "hill"\ndata_dir = "/srv/hearth"');
    expect(await shown({})).toMatchObject({ dataDir: "/srv/hearth", name: "hill" });
    const other = join(home, "other.toml");
    writeFileSync(other, 'name = "dale"');
    expect(await shown({}, "--config", other)).toMatchObject({ dataDir: join(home, "data"), name: "dale" });
    expect(await shown({ HEARTH_CONFIG: other })).toMatchObject({ name: "dale" });
    expect(await shown({ HEARTH_DATA_DIR: "/var/hearth" })).toMatchObject({ dataDir: "/var/hearth", name: "hill" });
});

it("that file is not the demonstration's", { timeout: DEMO_MS }, async () => {
    writeFileSync(join(home, "hearth.toml"), '[http]\nusername = "ember"\npassword = "secret"');
    const { terminal, out, err } = testTerminal({ HEARTH_HOME: home });
    terminal.untilStopped = () => new Promise(() => undefined);
    expect(await runProgram(["demo", "--once", "--http", "127.0.0.1:0"], terminal), err.join("\n")).toBe(0);
    expect(out.at(-1)).toContain("Hello from the near valley!");
});

it("a demonstration for a region whose law its radio breaks says so at once", async () => {
    const { terminal, err } = testTerminal();
    expect(await runProgram(["demo", "--once", "--http", "127.0.0.1:0", "--region", "KR920"], terminal)).toBe(1);
    expect(err.join("\n")).toContain("listen before talking");
});

it("a mistake in that file is found by the check", async () => {
    writeFileSync(join(home, "hearth.toml"), "nmae = 1");
    const { terminal, err } = testTerminal({ HEARTH_HOME: home });
    expect(await runProgram(["config", "check"], terminal)).toBe(78);
    expect(err.join("\n")).toContain("did you mean name?");
});
