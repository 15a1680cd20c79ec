import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runHttpGroup } from "../../src/app/vectors/http.ts";
import { runVectors } from "../../src/app/vectors/runner.ts";

const VECTORS = join(import.meta.dirname, "../vectors/ember");
const LATER = ["dag", "receive_pipeline", "quorum", "mqtt"];
const TIMEOUT_MS = 120_000;

let directory: string;
let lines: string[];
beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hearth-vectors-test-"));
    lines = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

function run() {
    return runVectors({ directory, print: (line) => lines.push(line), httpGroup: runHttpGroup });
}

function write(name: string, content: unknown): void {
    writeFileSync(join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
}

it("all local vectors pass, and what is not built yet is named", { timeout: TIMEOUT_MS }, async () => {
    cpSync(VECTORS, directory, { recursive: true });
    const counts = await run();
    expect(lines.filter((line) => line.startsWith("FAILED"))).toEqual([]);
    expect(counts.failed).toBe(0);
    expect(counts.passed).toBeGreaterThan(1_100);
    for (const format of LATER) expect(lines.some((line) => line.startsWith(`skipped ${format}: `))).toBe(true);
});

it.each([
    ["xeddsa", "signature"],
    ["wire_payload", "bytes"],
    ["public_id_parse", "input_text"],
    ["receipt", "message_id"],
])("a changed %s vector fails", async (format, key) => {
    const file = JSON.parse(readFileSync(join(VECTORS, `${format}.json`), "utf8"));
    const list = Object.values(file.data).find(Array.isArray) as Record<string, string>[];
    const [first] = list;
    if (!first) throw new Error("no vector");
    const digit = first[key]?.at(9) === "1" ? "2" : "1";
    first[key] = `${first[key]?.slice(0, 9)}${digit}${first[key]?.slice(10)}`;
    file.data = {
        changed: undefined,
        ...Object.fromEntries(Object.entries(file.data).map(([name, value]) => [name, value === list ? [first] : []])),
    };
    write("a.json", file);
    expect(await run()).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

it.each<[string, unknown]>([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["an unknown format", { format: "tea_leaves", data: {} }],
    ["a name of every object", { format: "constructor", data: {} }],
    ["no data", { format: "xeddsa" }],
    ["no vector", { format: "xeddsa", data: {} }],
    ["an unknown list", { format: "xeddsa", data: { dance: [{}] } }],
    ["a vector without its fields", { format: "xeddsa", data: { sign: [{}] } }],
    ["a wrong type", { format: "xeddsa", data: { sign: [{ secret: 5, message: "" }] } }],
    ["a list that is none", { format: "xeddsa", data: { sign: {} } }],
    ["an unknown object", { format: "xeddsa", data: { dance: {} } }],
    ["an HTTP file without its parts", { format: "http_node", data: {} }],
    ["an HTTP file without groups", { format: "http_node", data: { groups: [] } }],
    ["an HTTP group without exchanges", { format: "http_node", data: { groups: [{ name: "x", exchanges: [] }] } }],
    ["a server key of another size", { format: "http_embedded", data: { server_secret: "00", now: 1, exchanges: [] } }],
])("%s is a failure with a reason, not a crash", async (_, content) => {
    write("a.json", content);
    const { passed, failed } = await run();
    expect(passed).toBe(0);
    expect(failed).toBeGreaterThan(0);
    expect(lines.join("\n").length).toBeGreaterThan(20);
});

it("a case that is no object fails alone", async () => {
    const file = JSON.parse(readFileSync(join(VECTORS, "xeddsa.json"), "utf8"));
    write("a.json", { format: "xeddsa", data: { verify: [7, null, file.data.verify[0]] } });
    expect(await run()).toEqual({ passed: 1, failed: 2, skipped: 0 });
});

it("an empty or missing folder is a failure", async () => {
    expect(await run()).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(await runVectors({ directory: join(directory, "nowhere"), print: () => undefined })).toMatchObject({
        failed: 1,
    });
});
