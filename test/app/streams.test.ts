import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const TIMEOUT_MS = 20_000;

it("results that nobody reads any more end the command without a word", { timeout: TIMEOUT_MS }, async () => {
    const child = spawn(process.execPath, [MAIN, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    const said: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(Buffer.concat(said).toString()).toBe("");
    expect(code).toBe(1);
});
