import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, Figure } from "./figure.ts";
import { tableOf } from "./table.ts";

/** `scripts/bench [NAME...] [--json]`: runs the benches one after the other, so that none disturbs another. */
const ENDING = ".bench.ts";

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
});
const known = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
    console.error(`No bench ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
    process.exit(2);
}
for (const name of positionals.length > 0 ? positionals : known) {
    try {
        await runBench(name);
    } catch (cause) {
        console.error(`${name}: failed`, cause);
        process.exitCode = 1;
    }
}

async function runBench(name: string): Promise<void> {
    const { bench } = (await import(join(import.meta.dirname, `${name}${ENDING}`))) as { readonly bench: Bench };
    const figures: Figure[] = [];
    if (!values.json) console.log(`\n${name}: ${bench.title}`);
    await bench.run((figure) => {
        figures.push(figure);
        if (values.json) console.log(jsonLine(figure));
    });
    if (!values.json) console.log(tableOf(figures));
}

function jsonLine({ name, value, unit, target, better }: Figure): string {
    return JSON.stringify({ name, value, unit, target, better });
}
