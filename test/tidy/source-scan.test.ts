import { describe, expect, it } from "vitest";
import { importsOf, maskSource } from "./source-scan.ts";

function specifiersOf(source: string): readonly string[] {
    return importsOf(source).map(({ specifier }) => specifier);
}

describe("imports", () => {
    it("are found in every form", () => {
        const source = [
            'import a from "./a.ts";',
            'import * as b from "./b.ts";',
            'import c, { type D, e as f } from "./c.ts";',
            'import {\n    g,\n    h,\n} from "./multi-line.ts";',
            'export { i } from "./i.ts";',
            'export * from "./j.ts";',
            'import "./side-effect.ts";',
            'const k = await import("./lazy.ts");',
            "import l from './single.ts'",
        ].join("\n");
        expect(specifiersOf(source).toSorted()).toEqual(
            ["a", "b", "c", "i", "j", "lazy", "multi-line", "side-effect", "single"].map((name) => `./${name}.ts`),
        );
    });

    it("tell types from values", () => {
        const kinds = (clause: string): boolean | undefined => importsOf(`${clause} from "x";`)[0]?.typeOnly;
        expect(kinds("import type { A }")).toBe(true);
        expect(kinds("import type A")).toBe(true);
        expect(kinds("import { type A, type B }")).toBe(true);
        expect(kinds("export type { A }")).toBe(true);
        expect(kinds("export type * ")).toBe(true);
        expect(kinds("import { type A, b }")).toBe(false);
        expect(kinds("import a, { type B }")).toBe(false);
        expect(kinds("import * as a")).toBe(false);
        expect(kinds("export *")).toBe(false);
    });

    it("are not found in comments, strings and templates", () => {
        const source = [
            '// import a from "./comment.ts";',
            '/* import b from "./block.ts"; */',
            "const c = 'import \"./string.ts\"';",
            'const d = `import e from "./template.ts"`;',
            'const from = "./no-import.ts";',
        ].join("\n");
        expect(specifiersOf(source)).toEqual([]);
    });

    it("are found after regular expressions and inside the holes of templates", () => {
        const source = [
            "const quote = /[/\"'`]/g;",
            "const half = total / 2; const other = (1 + 2) / 3; // '",
            'const f = `${await import("./hole.ts")} ${`nested ${"}"}`}`;',
            'import g from "./after.ts";',
        ].join("\n");
        expect(specifiersOf(source).toSorted()).toEqual(["./after.ts", "./hole.ts"]);
    });
});

it("a mask keeps length and lines", () => {
    const source = "const a = 'x\\'y'; // Date\nconst b = `Date ${Date.now()} Date`;\n/* Date\nDate */ c();";
    const masked = maskSource(source);
    expect(masked).toHaveLength(source.length);
    expect(masked.split("\n")).toHaveLength(source.split("\n").length);
    expect(masked.match(/Date/g)).toHaveLength(1);
});
