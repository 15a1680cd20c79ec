import { posix } from "node:path";
import { homeOf, PACKAGE_OWNERS, type Room, roomOf } from "./rooms.ts";
import { importsOf, maskSource } from "./source-scan.ts";

/** Paths from the root of the checkout, with the text of each file. */
export type Tree = ReadonlyMap<string, string>;

export interface Edge {
    readonly from: string;
    /** A path of the tree, or a package or `node:` specifier. */
    readonly to: string;
    readonly local: boolean;
    readonly typeOnly: boolean;
}

export function edgesOf(tree: Tree): readonly Edge[] {
    return [...tree].flatMap(([from, text]) =>
        importsOf(text).map(({ specifier, typeOnly }) => {
            const local = specifier.startsWith(".");
            return { from, to: local ? posix.join(posix.dirname(from), specifier) : specifier, local, typeOnly };
        }),
    );
}

/** Imports from a room into another that docs/ARCHITECTURE.md does not allow. */
export function forbiddenImports(tree: Tree): readonly string[] {
    const problems: string[] = [];
    for (const edge of edgesOf(tree)) {
        const room = roomOf(edge.from);
        if (!room) problems.push(`${edge.from} lies in no room`);
        else if (!(edge.local ? mayImport(room, edge) : mayUsePackage(room, edge)))
            problems.push(`${edge.from} must not import ${edge.to}`);
    }
    return problems;
}

function mayImport(room: Room, { from, to, typeOnly }: Edge): boolean {
    if (homeOf(to) === homeOf(from) || room.imports === "everything") return true;
    return isAmong(room.imports, to) || (typeOnly && isAmong(room.types ?? [], to));
}

/** A name is a file or a room; "src/crypto/" does not open the room "src/crypto/node/" inside it. */
function isAmong(names: readonly string[], path: string): boolean {
    return names.includes(path) || names.includes(roomOf(path)?.prefix ?? path);
}

function mayUsePackage(room: Room, { from, to }: Edge): boolean {
    if (to.startsWith("node:")) return room.pure !== true;
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(to)?.[0] ?? to;
    const owner = PACKAGE_OWNERS[name];
    if (owner !== undefined) return from.startsWith(owner);
    return room.packages === undefined || room.packages.includes(name);
}

/**
 * Doors to time, chance and the process in pure rooms. Biome knows scopes and catches the global `crypto`; this one
 * catches what Biome cannot name, and stands if its configuration is changed.
 */
const IMPURE =
    /(?<![.\w$#])(?:Date|setTimeout|setInterval|setImmediate|queueMicrotask|performance|process|Buffer|fetch|globalThis|require)(?![\w$])(?!\s*\??:)|\bMath\s*\.\s*random\b|\bcrypto\s*\.\s*(?:subtle|getRandomValues|randomUUID)\b/g;

export function impurities(tree: Tree): readonly string[] {
    return [...tree]
        .filter(([path]) => roomOf(path)?.pure === true)
        .flatMap(([path, text]) => [...maskSource(text).matchAll(IMPURE)].map(([word]) => `${path} uses ${word}`));
}

/** Files that import themselves over others, types included. */
export function cycles(tree: Tree): readonly string[] {
    const targets = new Map<string, string[]>();
    for (const { from, to, local } of edgesOf(tree)) if (local) targets.set(from, [...(targets.get(from) ?? []), to]);
    const problems: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
        if (trail.includes(path)) problems.push([...trail.slice(trail.indexOf(path)), path].join(" > "));
        else if (!done.has(path)) {
            for (const next of targets.get(path) ?? []) visit(next, [...trail, path]);
            done.add(path);
        }
    };
    for (const path of tree.keys()) visit(path, []);
    return problems;
}

/** Local imports of files that are not there: such an edge would slip past every other rule. */
export function danglingImports(tree: Tree, exists: (path: string) => boolean): readonly string[] {
    return edgesOf(tree)
        .filter(({ local, to }) => local && !tree.has(to) && !exists(to))
        .map(({ from, to }) => `${from} imports ${to}, which is not there`);
}
