import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProgram } from "../../src/app/cli/program.ts";
import { askGateway } from "../../src/app/control/control-client.ts";
import { type ControlServer, serveControl } from "../../src/app/control/control-server.ts";
import { LINE_BYTES_MAX } from "../../src/app/control/lines.ts";
import { testTerminal } from "../support/test-terminal.ts";

const REAL_MS = 20_000;

let folder: string;
let server: ControlServer | undefined;

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hearth-status-"));
});
afterEach(async () => {
    await server?.close();
    server = undefined;
    rmSync(folder, { recursive: true });
});

async function said(text: string): Promise<string> {
    return new Promise((resolve) => {
        const socket = connect(join(folder, "control.sock"), () => socket.write(text));
        let heard = "";
        socket.on("data", (chunk) => {
            heard += chunk;
            if (heard.endsWith("\n")) socket.end();
        });
        socket.on("error", () => undefined);
        socket.on("close", () => resolve(heard));
    });
}

describe("the control socket", () => {
    it("is the owner's alone, and answers what it knows", async () => {
        server = await serveControl(folder, { status: () => ({ name: "hill" }) });
        expect(statSync(join(folder, "control.sock")).mode & 0o777).toBe(0o600);
        expect(await askGateway(folder, "status")).toEqual({ ok: true, value: { name: "hill" } });
        expect(await askGateway(folder, "constructor")).toEqual({
            ok: false,
            error: "The gateway says: no such question",
        });
    });

    it.each(["nonsense\n", "{}\n", '{"ask":7}\n', "null\n"])("refuses %j", async (text) => {
        server = await serveControl(folder, { status: () => 1 });
        expect(JSON.parse(await said(text))).toEqual({ ok: false, error: "no such question" });
    });

    it("cuts off a line without an end", async () => {
        server = await serveControl(folder, { status: () => 1 });
        expect(await said("x".repeat(LINE_BYTES_MAX + 1))).toBe("");
    });

    it("takes over what a crash left behind", async () => {
        const first = await serveControl(folder, { status: () => 1 });
        server = await serveControl(folder, { status: () => 2 });
        expect(await askGateway(folder, "status")).toEqual({ ok: true, value: 2 });
        await first.close().catch(() => undefined);
    });
});

describe("hearth status", () => {
    it("says when no gateway runs", async () => {
        const { terminal, err } = testTerminal();
        expect(await runProgram(["status", "--data-dir", folder], terminal)).toBe(1);
        expect(err.join()).toContain(`No gateway runs on ${folder}`);
    });

    it("shows a gateway at work: its radio that is missing, its queue, its law", { timeout: REAL_MS }, async () => {
        const gateway = testTerminal();
        let stop = (): void => undefined;
        gateway.terminal.untilStopped = () =>
            new Promise<void>((resolve) => {
                stop = resolve;
            });
        const args = [
            "--data-dir",
            folder,
            "--http",
            "127.0.0.1:0",
            "--region",
            "EU868",
            "--radio",
            "rnode=/dev/nowhere",
        ];
        const ended = runProgram(["run", ...args], gateway.terminal);
        const end = Date.now() + REAL_MS;
        while (gateway.out.length === 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
        const person = testTerminal();
        expect(await runProgram(["status", "--data-dir", folder, "--json"], person.terminal), person.err.join()).toBe(
            0,
        );
        expect(JSON.parse(person.out.join("\n"))).toMatchObject({
            name: "hearth",
            region: "EU868",
            carriers: [
                { id: "http", state: { kind: "up" } },
                {
                    id: "lora",
                    state: { kind: "down", reason: expect.stringContaining("/dev/nowhere is not there") },
                    queue: 0,
                    radio: { kind: "rnode", airtimeMs: 0, airtimeMaxMs: 36_000, heardFrames: 0 },
                },
            ],
        });
        const reader = testTerminal();
        await runProgram(["status", "--data-dir", folder], reader.terminal);
        const text = reader.out.join("\n");
        expect(text).toContain("lora  down for 0 s: /dev/nowhere is not there: is the device plugged in?");
        expect(text).toContain("airtime of the last hour 0.0 s (of 36 s, 0.0 %)");
        stop();
        expect(await ended).toBe(0);
        expect(await askGateway(folder, "status")).toMatchObject({ ok: false });
    });
});
