import { describe, expect, it } from "vitest";
import { cycles, danglingImports, forbiddenImports, impurities, type Tree } from "./import-rules.ts";
import { dependencyGaps, FILE_LINES_MAX, longFiles, machinePaths, testTricks } from "./text-rules.ts";

/** Every rule of the house meets a small tree that breaks it: a rule that cannot fail holds nothing. */
function tree(files: Readonly<Record<string, string>>): Tree {
    return new Map(Object.entries(files));
}

describe("imports across rooms", () => {
    it.each([
        ["src/base/a.ts", 'import { b } from "../wire/b.ts";'],
        ["src/wire/a.ts", 'import { readFileSync } from "node:fs";'],
        ["src/wire/a.ts", 'import { x25519 } from "@noble/curves/ed25519.js";'],
        ["src/crypto/a.ts", 'import { b } from "./node/b.ts";'],
        ["src/crypto/a.ts", 'import type { B } from "./node/b.ts";'],
        ["src/relay/a.ts", 'import { b } from "../depot/store.ts";'],
        ["src/relay/a.ts", 'import type { B } from "../depot/sqlite/b.ts";'],
        ["src/relay/a.ts", 'import type { B } from "../carriers/http/b.ts";'],
        ["src/link/a.ts", 'import { b } from "../../hw/modem.ts";'],
        ["src/carriers/http/a.ts", 'import { b } from "../lora/b.ts";'],
        ["src/carriers/http/a.ts", 'import type { B } from "../../depot/store.ts";'],
        ["src/carriers/http/a.ts", 'import { b } from "../../crypto/node/native.ts";'],
        ["src/carriers/lora/a.ts", 'import { b } from "../../../hw/rylr998/driver.ts";'],
        ["src/carriers/carrier.ts", 'import { b } from "./lora/b.ts";'],
        ["src/depot/store.ts", 'import { b } from "./sqlite/b.ts";'],
        ["src/carriers/http/a.ts", 'import Database from "better-sqlite3";'],
        ["src/app/a.ts", 'const b = await import("better-sqlite3");'],
        ["src/main.ts", 'import { b } from "./depot/sqlite/b.ts";'],
        ["hw/rylr998/a.ts", 'import { b } from "../../src/link/region.ts";'],
        ["hw/rylr998/a.ts", 'import { b } from "../../src/carriers/carrier.ts";'],
        ["src/elsewhere/a.ts", 'import { b } from "../base/b.ts";'],
    ])("refuses %s with %s", (path, text) => {
        expect(forbiddenImports(tree({ [path]: text }))).toHaveLength(1);
    });

    it.each([
        ["src/wire/a.ts", 'import { b } from "../base/b.ts"; import { c } from "./c.ts";'],
        ["src/crypto/a.ts", 'import { x25519 } from "@noble/curves/ed25519.js";'],
        ["src/crypto/node/a.ts", 'import { b } from "../b.ts"; import { sign } from "node:crypto";'],
        ["src/relay/a.ts", 'import type { B } from "../depot/store.ts";'],
        ["src/link/a.ts", 'import type { LoraParams } from "../../hw/modem.ts";'],
        ["src/depot/sqlite/a.ts", 'import Database from "better-sqlite3"; import type { B } from "../store.ts";'],
        ["src/carriers/http/a.ts", 'import { b } from "../carrier.ts"; import { createServer } from "node:http";'],
        ["src/app/a.ts", 'import { b } from "../depot/sqlite/b.ts"; import { c } from "../../hw/rylr998/driver.ts";'],
        ["hw/rylr998/a.ts", 'import { b } from "../air/air.ts"; import type { C } from "../../src/link/law.ts";'],
    ])("allows %s with %s", (path, text) => {
        expect(forbiddenImports(tree({ [path]: text }))).toEqual([]);
    });
});

describe("pure rooms", () => {
    it.each([
        "const a = Date.now();",
        "const b = new Date();",
        "setTimeout(() => {}, 1);",
        "const c = Math.random();",
        "const d = Buffer.from([]);",
        "const e = process.env;",
        "const f = performance.now();",
        "const g = crypto.subtle;",
        "await fetch(url);",
        "const h = `at ${Date.now()}`;",
        "const i = globalThis.process;",
    ])("refuse %s", (text) => {
        expect(impurities(tree({ "src/link/a.ts": text }))).toHaveLength(1);
        expect(impurities(tree({ "src/app/a.ts": text }))).toEqual([]);
        expect(impurities(tree({ "src/crypto/node/a.ts": text }))).toEqual([]);
    });

    it("may speak of such things and use the same words for others", () => {
        const text =
            '// Date.now()\nconst text = "Buffer"; seal({ crypto }); client.fetch(1); const x = { process: 1 };';
        expect(impurities(tree({ "src/link/a.ts": text }))).toEqual([]);
    });
});

it("cycles are seen, over any number of files and of types", () => {
    const round = {
        "src/wire/a.ts": 'import { b } from "./b.ts";',
        "src/wire/b.ts": 'import type { C } from "./c.ts";',
        "src/wire/c.ts": 'export { a } from "./a.ts";',
    };
    expect(cycles(tree(round))).toEqual(["src/wire/a.ts > src/wire/b.ts > src/wire/c.ts > src/wire/a.ts"]);
    expect(cycles(tree({ ...round, "src/wire/c.ts": "" }))).toEqual([]);
});

it("imports of nothing are seen", () => {
    const files = tree({ "src/wire/a.ts": 'import { b } from "./gone.ts"; import json from "../../profiles/x.json";' });
    expect(danglingImports(files, (path) => path === "profiles/x.json")).toHaveLength(1);
});

it("long files are seen", () => {
    expect(longFiles(tree({ "src/wire/a.ts": "//\n".repeat(FILE_LINES_MAX) }))).toEqual([]);
    expect(longFiles(tree({ "src/wire/a.ts": "//\n".repeat(FILE_LINES_MAX + 1) }))).toHaveLength(1);
});

it.each(["vi.mock(x)", "it.only(x)", "describe.skip(x)", "test.todo(x)", "fit(x)"])("%s is seen in a test", (text) => {
    expect(testTricks(tree({ "test/wire/a.test.ts": `${text};` }))).toHaveLength(1);
    expect(testTricks(tree({ "test/wire/a.test.ts": `// ${text};` }))).toEqual([]);
});

it("paths of one machine are seen", () => {
    const folders = ["work", "root", "tmp", "Users", "home/pi"].map((name) => `/${name}/x`);
    for (const path of folders) expect(machinePaths(tree({ "docs/a.md": `cd ${path}` }))).toHaveLength(1);
    expect(machinePaths(tree({ "docs/a.md": "see docs/work/x, $HOME/tmp/x and https://a.example/tmp/x" }))).toEqual([]);
});

it("dependencies without a reason and reasons without a dependency are seen", () => {
    const manifest = JSON.stringify({ dependencies: { a: "1.0.0" }, devDependencies: { "@b/c": "2.0.0" } });
    const page = "| `a` | 1.0.0 | MIT | because |\n| `@b/c` | 2.0.0 | MIT | because |\n";
    expect(dependencyGaps(manifest, page)).toEqual([]);
    expect(dependencyGaps(manifest, page.replace("2.0.0", "2.0.1"))).toHaveLength(2);
    expect(dependencyGaps(manifest, "")).toHaveLength(2);
});
