import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runProgram } from "../../src/app/cli/program.ts";
import { toHex } from "../../src/base/encoding.ts";
import type { Depot, OfferKey } from "../../src/depot/store.ts";
import { testMessage } from "../support/envelopes.ts";
import { openTestDepot } from "../support/test-depot.ts";
import { testTerminal } from "../support/test-terminal.ts";

const NOW = 1_767_225_600;
const { messageId, routingKey, payload } = testMessage(1);
const ID = toHex(messageId);
const to = (carrier: string): OfferKey => ({ kind: "message", messageId, carrier });

let directory: string;
let depot: Depot;

beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "hearth-trace-"));
    depot = await openTestDepot(directory);
    const { store } = depot;
    await depot.commit(() => {
        const ackHash = new Uint8Array(16);
        const times = { receivedAt: NOW, expiresAt: NOW + 3600 };
        store.insertMessage({ messageId, routingKey, ackHash, payload, ingress: "http", ...times });
        for (const carrier of ["a", "b", "lora"]) store.addOffer(to(carrier));
        store.recordTry(to("a"), { at: NOW + 1, outcome: "stored", detail: "", receipt: new Uint8Array(64) });
        store.endOffer(to("a"));
        for (const at of [2, 8]) store.recordTry(to("b"), { at: NOW + at, outcome: "failed", detail: "HTTP 500" });
    });
});

afterEach(async () => {
    await depot.close();
    rmSync(directory, { recursive: true });
});

async function traced(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const { terminal, out, err } = testTerminal({ HEARTH_DATA_DIR: directory });
    const code = await runProgram(["trace", ...args], terminal);
    return { code, out: out.join("\n"), err: err.join("\n") };
}

it("shows each way of a message with its tries, while the gateway has the depot open", async () => {
    expect((await traced(ID)).out).toBe(
        [
            `Message ${ID}: stored`,
            "  from        http",
            `  mailbox     ${toHex(routingKey)}`,
            "  receivedAt  2026-01-01T00:00:00Z",
            "  expiresAt   2026-01-01T01:00:00Z",
            "  a                    stored, receipt verified after 1 try, last 2026-01-01T00:00:01Z",
            "  b                    failed after 2 tries, last 2026-01-01T00:00:08Z: HTTP 500",
            "  lora                 waiting after 0 tries",
        ].join("\n"),
    );
});

it("says the same in JSON", async () => {
    expect(JSON.parse((await traced(ID.toUpperCase(), "--json")).out)).toEqual({
        id: ID,
        state: "stored",
        from: "http",
        mailbox: toHex(routingKey),
        receivedAt: "2026-01-01T00:00:00Z",
        expiresAt: "2026-01-01T01:00:00Z",
        ways: [
            {
                kind: "message",
                carrier: "a",
                state: "stored",
                tries: 1,
                firstAt: "2026-01-01T00:00:01Z",
                lastAt: "2026-01-01T00:00:01Z",
                storedAt: "2026-01-01T00:00:01Z",
                hasReceipt: true,
            },
            {
                kind: "message",
                carrier: "b",
                state: "failed",
                tries: 2,
                firstAt: "2026-01-01T00:00:02Z",
                lastAt: "2026-01-01T00:00:08Z",
                hasReceipt: false,
                detail: "HTTP 500",
            },
            { kind: "message", carrier: "lora", state: "waiting", tries: 0 },
        ],
    });
});

it("remembers for a while what expired", async () => {
    await depot.commit(() => {
        depot.store.recordTry(to(""), { at: NOW + 3600, outcome: "expired", detail: "still wanted: b" });
        depot.store.removeMessage(messageId);
    });
    expect((await traced(ID)).out.split("\n")[0]).toBe(`Message ${ID}: expired`);
});

it.each([
    [["abc"], "abc is no message id: it must be 32 hex digits."],
    [["00".repeat(16)], `Nothing is known of message ${"00".repeat(16)}.`],
])("says what is wrong with %j", async (args, text) => {
    expect(await traced(...args)).toEqual({ code: 1, out: "", err: `hearth: ${text}` });
});

it("says where there is no depot", async () => {
    const { terminal, err } = testTerminal({ HEARTH_DATA_DIR: join(directory, "none") });
    expect(await runProgram(["trace", ID], terminal)).toBe(1);
    expect(err.join()).toContain("cannot be read");
});
