import type { Tree } from "./import-rules.ts";
import { maskSource } from "./source-scan.ts";

/** The wall for one file. */
export const FILE_LINES_MAX = 400;

export function longFiles(tree: Tree): readonly string[] {
    return [...tree]
        .map(([path, text]) => ({ path, lines: text.trimEnd().split("\n").length }))
        .filter(({ lines }) => lines > FILE_LINES_MAX)
        .map(({ path, lines }) => `${path} has ${lines} lines, ${FILE_LINES_MAX} is the wall`);
}

/** Tests that replace modules, run alone or never run. `skipIf` with a spoken reason stays allowed. */
const TEST_TRICKS =
    /\bvi\s*\.\s*(?:do)?[mM]ock\b|\b(?:it|test|describe)\s*\.\s*(?:only|skip|todo)\b|\b(?:fit|xit|fdescribe|xdescribe)\s*\(/g;

export function testTricks(tree: Tree): readonly string[] {
    return [...tree]
        .filter(([path]) => path.startsWith("test/"))
        .flatMap(([path, text]) => [...maskSource(text).matchAll(TEST_TRICKS)].map(([trick]) => `${path}: ${trick}`));
}

/** Folders of one machine have no place in a file that everybody gets. Longer paths such as "/usr/tmp/" do not count. */
const MACHINE_PATH = /(?<![\w.$})~-])\/(?:work|root|tmp|Users|home\/[a-z][\w-]*)(?:\/[\w.-]+|(?=["'`\s]|$))/gm;

export function machinePaths(tree: Tree): readonly string[] {
    return [...tree].flatMap(([path, text]) => [...text.matchAll(MACHINE_PATH)].map(([found]) => `${path}: ${found}`));
}

/** Packages of package.json that the table in docs/decisions/dependencies.md lacks, and rows without a package. */
export function dependencyGaps(manifest: string, page: string): readonly string[] {
    const parsed = JSON.parse(manifest) as Readonly<Record<string, unknown>>;
    const wanted = ["dependencies", "devDependencies", "optionalDependencies"]
        .flatMap((kind) => Object.entries(parsed[kind] ?? {}))
        .map(([name, version]) => `${name} ${version}`);
    const rows = [...page.matchAll(/^\| `([^`]+)` \| ([^ |]+) \|/gm)].map(([, name, version]) => `${name} ${version}`);
    return [
        ...wanted.filter((each) => !rows.includes(each)).map((each) => `no reason given for ${each}`),
        ...rows.filter((each) => !wanted.includes(each)).map((each) => `not in package.json: ${each}`),
    ];
}
