import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { type Identity, makeIdentity } from "../../../src/crypto/identity.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";
import { sealMessage } from "../../../src/crypto/sealing.ts";
import { openListing } from "../../../src/depot/sqlite/listing.ts";
import { encodeBundleFile } from "../../../src/wire/bundle-file.ts";
import { id16, testMessage } from "../../support/envelopes.ts";
import { type Lab, labProblem, openLab } from "./namespaces.ts";

/** Real gateways on computers of their own, real multicast; nothing is emulated but the cables. */
const TIMEOUT_MS = 90_000;
const MAIN = join(import.meta.dirname, "../../../src/main.ts");

interface Island {
    readonly computer: string;
    readonly identity: Identity;
    readonly dataDir: string;
    readonly config: string;
    readonly log: string[];
}

const problem = labProblem();
if (problem !== undefined) {
    // The usual reporter counts what is skipped and keeps the reason to itself.
    process.stderr.write(`test/carriers/lan/network.test.ts is skipped: ${problem}\n`);
}

let directory: string;
let lab: Lab;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-lan-"));
    lab = openLab();
});
afterEach(async () => {
    await lab.close();
    rmSync(directory, { recursive: true });
});

function island(name: string): Island {
    const dataDir = join(directory, name);
    mkdirSync(dataDir, { mode: 0o700 });
    const secret = new Uint8Array(32);
    systemEntropy.fill(secret);
    writeFileSync(join(dataDir, "node-identity.key"), secret, { mode: 0o600 });
    const identity = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret });
    return { computer: lab.computer(name), identity, dataDir, config: join(directory, `${name}.toml`), log: [] };
}

function start(island: Island, settings: readonly string[]): void {
    const lines = [
        `data_dir = ${JSON.stringify(island.dataDir)}`,
        "radio_autodetect = false",
        "[lan]",
        "enabled = true",
        ...settings,
    ];
    writeFileSync(island.config, lines.join("\n"));
    const child = lab.start(island.computer, [MAIN, "run", "--config", island.config]);
    child.stderr?.on("data", (text) => island.log.push(String(text)));
}

/** Hands frames to a gateway, whether it runs or not. */
function bring({ computer, config }: Island, ...frames: readonly Uint8Array[]): void {
    const file = join(directory, "bring.ember");
    writeFileSync(
        file,
        encodeBundleFile(frames, (bytes) => blake3(bytes)),
    );
    lab.run(computer, [MAIN, "bundle", "import", file, "--config", config]);
}

function sealedFor(to: Identity, number: number): Uint8Array {
    const sealed = sealMessage({
        crypto: nativeCrypto,
        entropy: systemEntropy,
        sender: to,
        recipient: to.publicId,
        inner: {
            from: to.publicId,
            createdAtMs: 1n,
            content: { kind: "text", body: "over the cable" },
            prevSelf: undefined,
            observedHeads: [],
            epoch: 0,
            flags: 0,
        },
        messageId: id16(number, 0x40),
        nowHours: 490_896,
        ttlHours: 168,
    });
    if (!sealed.ok) throw new Error("it cannot be sealed");
    return sealed.value.payload;
}

function heldBy({ dataDir }: Island): number {
    try {
        const listing = openListing(dataDir);
        const count = listing.items({ kind: "message", now: 0, limit: 1_000 }).length;
        listing.close();
        return count;
    } catch {
        return 0;
    }
}

async function until(what: string, done: () => boolean, islands: readonly Island[]): Promise<void> {
    const end = Date.now() + TIMEOUT_MS / 3;
    while (Date.now() < end && !done()) await new Promise((resolve) => setTimeout(resolve, 200));
    if (!done()) throw new Error(`not ${what}:\n${islands.map(({ log }) => log.join("")).join("----\n")}`);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

it.skipIf(problem !== undefined)(
    "gateways find each other on two cables, prove who they are, hand over, and go on after the cables changed",
    { timeout: TIMEOUT_MS },
    async () => {
        const [a, b, c] = [island("a"), island("b"), island("c")];
        lab.cable("left", a.computer, ["10.77.1.1/24", "fd77:1::1/64"], b.computer, ["10.77.1.2/24", "fd77:1::2/64"]);
        lab.cable("right", a.computer, ["10.77.2.1/24"], c.computer, ["10.77.2.2/24"]);
        const all = [a, b, c];
        start(a, ["use_relays = true", `contacts = "${hex(c.identity.publicId)}"`]);
        start(b, ["accept_relay = true"]);
        // Without relaying it is what an Ember client is on the LAN: its own messages and nobody else's.
        start(c, [`contacts = "${hex(a.identity.publicId)}"`]);
        await until("up", () => all.every(({ log }) => log.join("").includes("lan is up")), all);
        bring(a, testMessage(1).payload, sealedFor(c.identity, 1));
        await until("relayed to B", () => heldBy(b) === 2, all);
        await until("delivered to C", () => heldBy(c) === 1, all);
        expect(a.log.join("")).toContain(`ember-${hex(c.identity.routingKey)}._ember._tcp.local took 1 messages`);
        // The cable to C is pulled, and comes back without IPv4: only link-local IPv6 is left.
        lab.ip(a.computer, "link", "set", "right", "down");
        bring(a, sealedFor(c.identity, 2));
        await until("relayed to B meanwhile", () => heldBy(b) === 3, all);
        expect(heldBy(c)).toBe(1);
        lab.ip(a.computer, "address", "flush", "dev", "right");
        lab.ip(c.computer, "address", "delete", "10.77.2.2/24", "dev", "right");
        lab.ip(a.computer, "link", "set", "right", "up");
        await until("delivered to C over IPv6", () => heldBy(c) === 2, all);
    },
);

it.skipIf(problem !== undefined)(
    "whoever takes a contact's routing key for a name of his is given nothing",
    { timeout: TIMEOUT_MS },
    async () => {
        const [a, b] = [island("a"), island("b")];
        lab.cable("left", a.computer, ["10.77.1.1/24"], b.computer, ["10.77.1.2/24"]);
        const right = makeIdentity({
            crypto: nativeCrypto,
            entropy: systemEntropy,
            secret: new Uint8Array(32).fill(5),
        });
        const spoof = join(import.meta.dirname, "spoof-child.ts");
        lab.start(b.computer, [spoof, hex(right.routingKey)]).stderr?.on("data", (text) => b.log.push(String(text)));
        start(a, [`contacts = "${hex(right.publicId)}"`]);
        await until("up", () => a.log.join("").includes("lan is up"), [a, b]);
        bring(a, sealedFor(right, 1));
        await until("unmasked", () => a.log.join("").includes("is not who it says"), [a, b]);
        expect(b.log.join("")).toContain("asked for identity");
        expect(b.log.join("")).not.toContain("given a message");
    },
);
