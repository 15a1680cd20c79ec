import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeBlocksFile } from "./cases.ts";
import { makeFramesFile } from "./frame-cases.ts";

/** Run by hand, after a deliberate change of the format: `node test/support/link-twin/make-vectors.ts`. */
const FOLDER = join(import.meta.dirname, "../../vectors/link");
for (const [name, file] of [
    ["blocks", makeBlocksFile()],
    ["frames", makeFramesFile()],
] as const) {
    writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(file, undefined, 2)}\n`);
}
