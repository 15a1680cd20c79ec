import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cycles, danglingImports, edgesOf, forbiddenImports, impurities, type Tree } from "./tidy/import-rules.ts";
import { dependencyGaps, longFiles, machinePaths, testTricks } from "./tidy/text-rules.ts";

/** Holds docs/ARCHITECTURE.md against the sources; test/tidy/planted.test.ts shows that each rule can fail. */
const ROOT = join(import.meta.dirname, "..");
const FOLDERS = ["src", "hw", "profiles", "bench", "scripts", "test", "docs", "image", ".ci"];
/** Ember's own files, inputs of the fuzzer, and the test that plants what is forbidden. */
const NOT_OURS = /^test\/(?:vectors|fuzz\/findings)\/|^test\/tidy\/(?:planted|source-scan)\.test\.ts$/;

const everything = readTree(() => true);
const house: Tree = new Map([...everything].filter(([path]) => /^(?:src|hw)\/.*\.ts$/.test(path)));
const code: Tree = new Map([...everything].filter(([path]) => /\.(?:ts|mjs|sh)$/.test(path)));

function readTree(wanted: (path: string) => boolean): Tree {
    const rooted = readdirSync(ROOT, { withFileTypes: true })
        // In a second working tree of git `.git` is a file that says where the first one lies.
        .filter((entry) => entry.isFile() && entry.name !== "LICENSE" && entry.name !== ".git")
        .map(({ name }) => name);
    const nested = FOLDERS.flatMap((folder) => filesBelow(folder));
    const paths = [...rooted, ...nested].filter((path) => !NOT_OURS.test(path) && wanted(path));
    return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

function filesBelow(folder: string): readonly string[] {
    if (!existsSync(join(ROOT, folder))) return [];
    return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
}

it("sees the house", () => {
    const rooms = new Set([...house.keys()].map((path) => path.split("/").slice(0, 2).join("/")));
    expect(house.size).toBeGreaterThan(20);
    expect(edgesOf(house).filter(({ local }) => local).length).toBeGreaterThan(40);
    expect([...rooms]).toEqual(expect.arrayContaining(["src/base", "src/wire", "src/crypto", "src/relay", "src/app"]));
    expect([...code.keys()]).toEqual(
        expect.arrayContaining(["build.mjs", "test/tidy.test.ts", "scripts/lib/house.sh"]),
    );
});

describe("the rooms", () => {
    it("import only what they may", () => expect(forbiddenImports(house)).toEqual([]));
    it("are pure where they say so", () => expect(impurities(house)).toEqual([]));
    it("have no import cycles", () => expect(cycles(house)).toEqual([]));
    it("import files that exist", () => {
        expect(danglingImports(house, (path) => existsSync(join(ROOT, path)))).toEqual([]);
    });
});

describe("every file", () => {
    it("is short enough to read", () => expect(longFiles(code)).toEqual([]));
    it("names no folder of one machine", () => expect(machinePaths(everything)).toEqual([]));
    it("runs its tests, with the real modules", () => expect(testTricks(code)).toEqual([]));
});

describe("dependencies", () => {
    it("have a reason each", () => {
        const page = readFileSync(join(ROOT, "docs/decisions/dependencies.md"), "utf8");
        expect(dependencyGaps(readFileSync(join(ROOT, "package.json"), "utf8"), page)).toEqual([]);
    });

    it("are pinned exactly and by content, not by where they came from", () => {
        const { engines: _, ...pins } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
        expect(JSON.stringify(pins)).not.toMatch(/":"[\^~*><]/);
        expect(readFileSync(join(ROOT, "package-lock.json"), "utf8")).not.toContain('"resolved"');
    });
});
