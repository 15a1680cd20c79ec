import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProgram } from "../../../src/app/cli/program.ts";
import type { Terminal } from "../../../src/app/cli/terminal.ts";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { encodeIdentityFile } from "../../../src/crypto/identity-file.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";
import { openListing } from "../../../src/depot/sqlite/listing.ts";
import { testMessage } from "../../support/envelopes.ts";
import { testTerminal } from "../../support/test-terminal.ts";

const NOW = 1_767_225_600;
const TIMEOUT_MS = 20_000;

let directory: string;
let told: ReturnType<typeof testTerminal>;
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-ember-node-"));
    told = testTerminal();
});
afterEach(() => rmSync(directory, { recursive: true }));

const path = (name: string): string => join(directory, name);

function hearth(args: readonly string[], env: Terminal["env"] = {}): Promise<number> {
    const home = { HOME: path("home"), ...env };
    return runProgram(args, { ...told.terminal, env: home, now: () => NOW * 1000 });
}

interface Row {
    readonly number: number;
    readonly createdAt: number;
    readonly expiresAt: number;
    readonly envelope?: Uint8Array;
}

/** A database as SPEC section 20 describes that of Ember's node. */
function emberDatabase(rows: readonly Row[]): string {
    const file = path("ember.db");
    const database = new Database(file);
    database.pragma("journal_mode = WAL");
    database.exec(`
        CREATE TABLE mailbox_messages (id INTEGER PRIMARY KEY AUTOINCREMENT, routing_key BLOB NOT NULL,
            message_id BLOB NOT NULL UNIQUE, envelope_data BLOB NOT NULL, expires_at INTEGER NOT NULL, created_at INTEGER NOT NULL);
        CREATE TABLE quarantined_messages (id INTEGER PRIMARY KEY, data BLOB);
        INSERT INTO quarantined_messages VALUES (1, x'00');`);
    const insert = database.prepare(
        "INSERT INTO mailbox_messages (routing_key, message_id, envelope_data, expires_at, created_at) VALUES (?, ?, ?, ?, ?)",
    );
    for (const { number, createdAt, expiresAt, envelope } of rows) {
        const { routingKey, messageId } = testMessage(number);
        insert.run(routingKey, messageId, envelope ?? outerOf(number), expiresAt, createdAt);
    }
    database.close();
    return file;
}

/** Without a time to live of its own, so that Ember's default decided. */
function outerOf(number: number): Uint8Array {
    return testMessage(number, { ttlHours: undefined }).payload.subarray(1);
}

function held(): readonly { readonly messageId: string; readonly receivedAt: number; readonly expiresAt: number }[] {
    const listing = openListing(path("data"));
    const items = listing.items({ kind: "message", now: 0, limit: 1_000 });
    listing.close();
    return items.toReversed();
}

const importIt = (file: string, ...more: readonly string[]) =>
    hearth(["import-ember-node", file, "--data-dir", path("data"), "--json", ...more]);
const last = (): unknown => JSON.parse(told.out.at(-1) ?? "");

describe("the database of an Ember node", { timeout: TIMEOUT_MS }, () => {
    it("is taken over with the times it has left, once, and stays as it was", async () => {
        const rows = Array.from({ length: 450 }, (_, index) => ({
            number: index,
            createdAt: NOW - 1_000 + index,
            expiresAt: NOW + 5_000 + index,
        }));
        const dead = { number: 900, createdAt: NOW - 9_000, expiresAt: NOW - 1 };
        const broken = { number: 901, createdAt: NOW, expiresAt: NOW + 9, envelope: Uint8Array.of(0, 0, 1) };
        const file = emberDatabase([...rows, dead, broken]);
        const before = readFileSync(file);
        expect(await importIt(file)).toBe(0);
        expect(last()).toMatchObject({ stored: 450, duplicates: 0, expired: 1, refused: 1, quarantined: 1 });
        expect(held()).toHaveLength(450);
        expect(held()[7]).toMatchObject({ receivedAt: NOW - 993, expiresAt: NOW + 5_007 });
        expect(await importIt(file)).toBe(0);
        expect(last()).toMatchObject({ stored: 0, duplicates: 450 });
        expect(held()).toHaveLength(450);
        expect(readFileSync(file).equals(before)).toBe(true);
    });

    it("is refused where it is none", async () => {
        writeFileSync(path("x.db"), "no database at all, but long enough to be looked at as one");
        expect(await importIt(path("x.db"))).toBe(1);
        const other = new Database(path("y.db"));
        other.exec("CREATE TABLE mailbox_messages (id INTEGER)");
        other.close();
        expect(await importIt(path("y.db"))).toBe(1);
        expect(told.err.join("\n")).toContain("mailbox_messages has no routing_key");
        expect(await importIt(path("nowhere.db"))).toBe(1);
    });
});

describe("the key of an Ember node", { timeout: TIMEOUT_MS }, () => {
    const secret = new Uint8Array(32).fill(7);

    it("becomes the gateway's, from a plain file or one with a password", async () => {
        const file = emberDatabase([]);
        writeFileSync(path("plain.key"), secret);
        expect(await importIt(file, "--identity", path("plain.key"))).toBe(0);
        const own = join(path("data"), "node-identity.key");
        expect(readFileSync(own).equals(secret)).toBe(true);
        expect(statSync(own).mode & 0o777).toBe(0o600);
        rmSync(own);
        const locked = await encodeIdentityFile({
            crypto: nativeCrypto,
            entropy: systemEntropy,
            secret,
            password: "pass",
        });
        if (!locked.ok) throw new Error("no key file was made");
        writeFileSync(path("locked.key"), locked.value);
        writeFileSync(path("password"), "pass\n");
        expect(await importIt(file, "--identity", path("locked.key"))).toBe(1);
        expect(await importIt(file, "--identity", path("locked.key"), "--password-file", path("password"))).toBe(0);
        expect(readFileSync(own).equals(secret)).toBe(true);
    });

    it("never replaces another key", async () => {
        const file = emberDatabase([]);
        writeFileSync(path("a.key"), secret);
        writeFileSync(path("b.key"), new Uint8Array(32).fill(8));
        expect(await importIt(file, "--identity", path("a.key"))).toBe(0);
        expect(await importIt(file, "--identity", path("b.key"))).toBe(1);
        expect(readFileSync(join(path("data"), "node-identity.key")).equals(secret)).toBe(true);
    });
});

describe("hearth node", { timeout: TIMEOUT_MS }, () => {
    it("serves as the node was configured, with its key, and exports and imports", async () => {
        writeFileSync(path("node.key"), new Uint8Array(32).fill(9));
        writeFileSync(
            path("node.toml"),
            `bind_addr = "127.0.0.1:0"\nstorage_path = ${JSON.stringify(path("ember.db"))}\nidentity_path = ${JSON.stringify(path("node.key"))}`,
        );
        // A terminal that is told to stop at once.
        expect(await hearth(["node", "-c", path("node.toml"), "serve", "--node-id", "attic"])).toBe(0);
        expect(told.out.at(-1)).toMatch(/^attic: mailbox http:\/\/127\.0\.0\.1:\d+$/);
        const data = path("ember.db.hearth");
        expect(readFileSync(join(data, "node-identity.key"))[0]).toBe(9);
        const config = { EMBER_NODE_CONFIG: path("node.toml") };
        expect(await hearth(["node", "export", path("out.ember")], config)).toBe(0);
        expect(told.err.at(-1)).toBe("Nothing to export.");
        expect(
            await hearth([
                "import-ember-node",
                emberDatabase([{ number: 1, createdAt: NOW, expiresAt: NOW + 99 }]),
                "--data-dir",
                data,
                "--identity",
                path("node.key"),
            ]),
        ).toBe(0);
        expect(await hearth(["node", "export", path("out.ember"), "--limit", "5"], config)).toBe(0);
        expect(await hearth(["node", "import", path("out.ember")], config)).toBe(0);
        expect(told.err.at(-1)).toBe("1 frames: 0 stored, 1 known already, 0 refused.");
    });

    it("refuses by name what it cannot do", async () => {
        const code = await hearth(["node", "serve", "--tls-enabled", "true", "--cleanup-disabled"], {
            EMBER_NODE_COLOUR: "red",
        });
        expect(code).toBe(78);
        const said = told.err.join("\n");
        for (const name of ["tls.enabled", "cleanup.enabled", "EMBER_NODE_COLOUR"]) expect(said).toContain(name);
        expect(await hearth(["node", "--port", "3000"])).not.toBe(0);
    });
});
