import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FuzzTarget } from "./target.ts";

const TARGETS = join(import.meta.dirname, "targets");
export const FINDINGS = join(import.meta.dirname, "findings");

/** Names of the targets, which are also the names of their files. */
export function targetNames(): readonly string[] {
    if (!existsSync(TARGETS)) return [];
    return readdirSync(TARGETS)
        .filter((file) => file.endsWith(".ts"))
        .map((file) => file.slice(0, -".ts".length))
        .sort();
}

export async function loadTarget(name: string): Promise<FuzzTarget> {
    const { target } = (await import(join(TARGETS, `${name}.ts`))) as { readonly target?: FuzzTarget };
    if (!target) throw new Error(`test/fuzz/targets/${name}.ts exports no target`);
    if (target.name !== name) throw new Error(`test/fuzz/targets/${name}.ts calls its target "${target.name}"`);
    if (target.corpus().length === 0) throw new Error(`the corpus of ${name} is empty`);
    return target;
}

/** What earlier runs found for a target. */
export function findingsOf(name: string): readonly { readonly file: string; readonly bytes: Uint8Array }[] {
    const folder = join(FINDINGS, name);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
        .filter((file) => file.endsWith(".bin"))
        .sort()
        .map((file) => ({ file, bytes: new Uint8Array(readFileSync(join(folder, file))) }));
}
