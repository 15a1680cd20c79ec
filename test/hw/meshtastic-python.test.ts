import { type ChildProcess, execFile, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { AppOnly } from "@meshtastic/protobufs";
import { afterEach, expect, it } from "vitest";
import { EmulatedNode } from "../../hw/meshtastic/emulator/emulator.ts";
import { MeshAir } from "../../hw/meshtastic/emulator/mesh-air.ts";
import { type NodeServer, serveNode } from "../../hw/meshtastic/emulator/tcp-server.ts";
import { type MeshtasticNode, makeMeshtasticNode } from "../../hw/meshtastic/node.ts";
import { streamPackets, TCP_SILENCE_MS } from "../../hw/meshtastic/packet-port.ts";
import { openPty } from "../../hw/port/pty.ts";
import { tcpPort } from "../../hw/port/tcp-port.ts";
import { systemClock } from "../../src/app/clock.ts";
import { systemEntropy } from "../../src/app/entropy.ts";

const PACKAGES = ["meshtastic==2.7.10"];
/** The first time pip has to fetch them, with all its tries. */
const INSTALL_MS = 240_000;
const TIMEOUT_MS = 60_000;
const COMMAND_MS = 20_000;
/** A node that was set starts again after this time at the latest. */
const RESTART_MS = 10_000;
const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);

interface Said {
    readonly ready?: number;
    readonly text?: string;
    readonly hex?: string;
    readonly sender?: number;
    readonly pki?: boolean;
}

const children: ChildProcess[] = [];
const drivers: MeshtasticNode[] = [];
const servers: NodeServer[] = [];
const nodes: EmulatedNode[] = [];
afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await Promise.all(drivers.splice(0).map((driver) => driver.stop()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await Promise.all(nodes.splice(0).map((node) => node.unplug()));
});

/** A Python with the package, or the reason why there is none. */
async function python(): Promise<{ readonly path: string } | { readonly reason: string }> {
    try {
        const script = join(ROOT, "scripts/lib/python-env.sh");
        const { stdout } = await run("bash", [script, ...PACKAGES], { timeout: INSTALL_MS });
        return { path: stdout.trim() };
    } catch (cause) {
        const stderr = (cause as { readonly stderr?: string }).stderr ?? "";
        return { reason: stderr.trim().split("\n").at(-1) || String(cause) };
    }
}

function addNode(air: MeshAir, firmware: "2.7" | "2.8", number: number): EmulatedNode {
    const node = new EmulatedNode({
        air,
        clock: systemClock,
        number,
        firmware,
        debugText: "INFO  | 12 [Main] tick\r\n",
    });
    for (const other of nodes) {
        air.connect(node, other);
        node.know(other);
    }
    nodes.push(node);
    return node;
}

async function served(node: EmulatedNode): Promise<string> {
    const server = await serveNode(node, { host: "127.0.0.1", port: 0 });
    servers.push(server);
    return `127.0.0.1:${server.port}`;
}

/** The library on the node behind `address`. */
function client(path: string, address: string) {
    const child = spawn(path, [join(ROOT, "test/support/meshtastic-client.py"), address]);
    children.push(child);
    const said: Said[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => said.push(JSON.parse(line) as Said));
    const log: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
    return { said, log, send: (to: number, hex: string): boolean => child.stdin.write(`${to} ${hex}\n`) };
}

async function until(done: () => boolean, ms: number, why: () => unknown): Promise<void> {
    const end = Date.now() + ms;
    while (!done() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done(), JSON.stringify(why())).toBe(true);
}

function urlOf(name: string): string {
    const lora = { usePreset: true, modemPreset: 6, region: 3, hopLimit: 5, txEnabled: true, codingRate: 5 };
    const set = create(AppOnly.ChannelSetSchema, { settings: [{ name, psk: Uint8Array.of(1) }], loraConfig: lora });
    return `https://meshtastic.org/e/#${Buffer.from(toBinary(AppOnly.ChannelSetSchema, set)).toString("base64url")}`;
}

it("Meshtastic's own command line and library take the emulator for a node, over TCP and a serial line", {
    timeout: INSTALL_MS + TIMEOUT_MS,
}, async ({ skip }) => {
    const found = await python();
    if ("reason" in found) {
        const reason = `no Python with ${PACKAGES.join(" and ")}: ${found.reason}`;
        // The usual reporter counts what is skipped and keeps the reason to itself.
        process.stderr.write(`test/hw/meshtastic-python.test.ts is skipped: ${reason}\n`);
        skip(reason);
        return;
    }
    const command = join(dirname(found.path), "meshtastic");
    const meshtastic = async (...args: readonly string[]): Promise<string> => {
        const { stdout, stderr } = await run(command, args, { timeout: COMMAND_MS });
        return stdout + stderr;
    };
    const air = new MeshAir({ clock: systemClock, seed: 1 });
    const [one, two] = [addNode(air, "2.7", 0x11), addNode(air, "2.8", 0x22)];
    const [atOne, atTwo] = [await served(one), await served(two)];
    const pty = await openPty();
    await two.plug(pty.port);

    expect(await meshtastic("--host", atOne, "--info")).toMatch(/Owner: Emulated 11[\s\S]*"2.7.26[\s\S]*"!00000022"/);
    expect(await meshtastic("--host", atOne, "--nodes")).toMatch(/Emulated 22/);
    expect(await meshtastic("--port", pty.path, "--info")).toMatch(
        /Owner: Emulated 22[\s\S]*"2.8.0[\s\S]*Primary channel URL/,
    );

    // A text, its acknowledgment, and the answer of the library at the other end, read by a later client.
    const far = client(found.path, atTwo);
    await until(
        () => far.said[0]?.ready === 0x22,
        COMMAND_MS,
        () => far.log,
    );
    const sent = await meshtastic("--host", atOne, "--dest", "!00000022", "--sendtext", "hello", "--ack");
    expect(sent).toMatch(/Received an ACK/);
    await until(
        () => far.said.some(({ text }) => text === "hello"),
        COMMAND_MS,
        () => far.said,
    );
    const near = client(found.path, atOne);
    await until(
        () => near.said.some(({ text }) => text === "got hello"),
        COMMAND_MS,
        () => near.log,
    );

    // Our driver takes the place of the client at the first node, and both understand each other.
    const driver = makeMeshtasticNode({
        ...{ label: "ours", clock: systemClock, entropy: systemEntropy },
        port: streamPackets({ port: tcpPort(addressOf(atOne)), clock: systemClock, silenceMs: TCP_SILENCE_MS }),
    });
    drivers.push(driver);
    const heard: string[] = [];
    driver.start({ onPacket: (_, bytes) => heard.push(Buffer.from(bytes).toString("hex")), onState: () => undefined });
    children[1]?.kill("SIGKILL");
    await until(
        () => driver.status().state.kind === "up",
        COMMAND_MS,
        () => driver.status().state,
    );
    const bytes = Uint8Array.from({ length: 219 }, (_, index) => 0x94 + index);
    const acked = await driver.send({ to: 0x22, bytes, wantAck: true });
    expect(acked).toMatchObject({ ok: true, value: { kind: "acked" } });
    const hex = Buffer.from(bytes).toString("hex");
    await until(
        () => far.said.some((said) => said.hex === hex && said.pki === true),
        COMMAND_MS,
        () => far.said,
    );
    far.send(0x11, "94c30102");
    await until(
        () => heard.includes("94c30102"),
        COMMAND_MS,
        () => far.log,
    );

    await driver.stop();

    // Settings by URL over the serial line, and back; the node starts again in between.
    const before = /Primary channel URL: (\S+)/.exec(await meshtastic("--port", pty.path, "--info"))?.[1] ?? "";
    await meshtastic("--port", pty.path, "--seturl", urlOf("Other"));
    expect([two.settings.channels[0]?.settings?.name, two.settings.lora.hopLimit]).toEqual(["Other", 5]);
    await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    expect(await meshtastic("--port", pty.path, "--info")).toContain(urlOf("Other"));
    await meshtastic("--port", pty.path, "--seturl", before);
    expect([two.settings.channels[0]?.settings?.name, two.settings.lora.hopLimit]).toEqual(["", 3]);

    // What the command line leaves behind when it sets one thing: a coding rate that firmware mends.
    await meshtastic("--host", atOne, "--set-owner", "Somebody else");
    expect(one.settings.owner.longName).toBe("Somebody else");
    await meshtastic("--host", atOne, "--set", "lora.hop_limit", "4");
    expect([one.settings.lora.hopLimit, one.settings.lora.codingRate]).toEqual([4, 5]);
});

function addressOf(address: string): { readonly host: string; readonly port: number } {
    const [host = "", port] = address.split(":");
    return { host, port: Number(port) };
}
