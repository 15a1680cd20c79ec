import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { serialPort } from "../../hw/port/serial-port.ts";
import { tcpPort } from "../../hw/port/tcp-port.ts";
import { runProgram } from "../../src/app/cli/program.ts";
import { testTerminal } from "../support/test-terminal.ts";

/** Real pseudo-terminals and sockets in real time. */
const REAL_MS = 20_000;

let folder: string;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hearth-emulate-"));
});
afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
    rmSync(folder, { recursive: true });
});

/** The command at work in this process. */
function emulate(...args: readonly string[]) {
    const { terminal, out, err } = testTerminal();
    let end = (): void => undefined;
    terminal.untilStopped = () =>
        new Promise<void>((resolve) => {
            end = resolve;
        });
    const ended = runProgram(["emulate", ...args, "--json"], terminal);
    const stop = async (): Promise<number> => {
        end();
        return ended;
    };
    stops.push(stop);
    const said = (): readonly Record<string, unknown>[] => out.map((line) => JSON.parse(line));
    const ports = (): readonly string[] => said().flatMap(({ port }) => (typeof port === "string" ? [port] : []));
    return { ports, said, err, stop, ended };
}

async function until(done: () => boolean): Promise<void> {
    const end = Date.now() + REAL_MS;
    while (!done() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done()).toBe(true);
}

/** A person with a terminal program on the port. */
async function talk(port: BytePort) {
    const line = { heard: "", type: (text: string) => port.write(Uint8Array.from(text, (each) => each.charCodeAt(0))) };
    await port.open({
        onBytes: (chunk) => {
            line.heard += String.fromCharCode(...chunk);
        },
        onClose: () => undefined,
    });
    stops.push(() => port.close());
    return line;
}

/** Modules that have started are asked until they answer. */
async function rylrAt(path: string) {
    const line = await talk(serialPort({ path, baudRate: 115_200 })());
    await until(() => {
        void line.type("AT\r\n");
        return line.heard.includes("+OK");
    });
    return line;
}

describe("hearth emulate", () => {
    it("gives modules that hear each other, and shows their frames", { timeout: REAL_MS }, async () => {
        const run = emulate("rylr998", "--peers", "2", "--link", join(folder, "radio"));
        await until(() => run.ports().length === 2);
        expect(run.ports()).toEqual([join(folder, "radio-1"), join(folder, "radio-2")]);
        const [a, b] = [await rylrAt(join(folder, "radio-1")), await rylrAt(join(folder, "radio-2"))];
        await a.type("AT+SEND=0,5,hello\r\n");
        await until(() => b.heard.includes("+RCV=0,5,hello,"));
        expect(run.said()).toContainEqual({ air: expect.objectContaining({ size: 13, spreadingFactor: 9 }) });
        expect(await run.stop()).toBe(0);
        expect(existsSync(join(folder, "radio-1"))).toBe(false);
    });

    it("lets processes share one air by its name", { timeout: REAL_MS }, async () => {
        const air = `test-${process.pid}`;
        const host = emulate("rylr998", "--air", air);
        await until(() => host.ports().length === 1);
        const guest = emulate("rylr998", "--air", air);
        await until(() => guest.ports().length === 1);
        const [a, b] = [await rylrAt(host.ports()[0] ?? ""), await rylrAt(guest.ports()[0] ?? "")];
        await a.type("AT+SEND=0,3,one\r\n");
        await until(() => b.heard.includes("+RCV=0,3,one,"));
        await b.type("AT+SEND=0,3,two\r\n");
        await until(() => a.heard.includes("+RCV=0,3,two,"));
        for (const run of [host, guest]) {
            await until(() => run.said().filter((said) => "air" in said).length === 2);
        }
        await host.stop();
        expect(await guest.ended).toBe(1);
        expect(guest.err.join()).toContain("had the air has ended");
    });

    it("gives an RNode on a TCP port", { timeout: REAL_MS }, async () => {
        const run = emulate("rnode", "--tcp", "0");
        await until(() => run.ports().length === 1);
        const port = Number(run.ports()[0]?.split(":").at(-1));
        const line = await talk(tcpPort({ host: "127.0.0.1", port })());
        await until(() => line.heard.includes("POWERON"));
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        await line.type("\xc0\x08\x73\xc0");
        await until(() => line.heard.includes("\xc0\x08\x46\xc0"));
    });

    it("misbehaves when asked to", { timeout: REAL_MS }, async () => {
        const run = emulate("rylr998", "--misbehave", "silence");
        await until(() => run.ports().length === 1);
        const line = await talk(serialPort({ path: run.ports()[0] ?? "", baudRate: 115_200 })());
        await new Promise((resolve) => setTimeout(resolve, 300));
        await line.type("AT\r\n");
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(line.heard).toBe("");
    });

    it.each([
        [["rylr997"], "the kind must be one of rylr998"],
        [["rylr998", "--loss", "100"], "--loss must be a whole number from 0 to 99"],
        [["rylr998", "--misbehave", "loudly"], "--misbehave must be one of silence"],
        [["rylr998", "--tcp", "--link", "x"], "--link is for pseudo-terminals"],
        [["rylr998", "--air", "../x"], "--air must be a short name"],
    ])("says what is wrong with %j", async (args, text) => {
        const { terminal, err } = testTerminal();
        expect(await runProgram(["emulate", ...args], terminal)).toBe(1);
        expect(err.join("\n")).toContain(text);
    });
});
