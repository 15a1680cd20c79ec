import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeBlocksFile } from "./cases.ts";

/** Run by hand, after a deliberate change of the format: `node test/support/link-twin/make-vectors.ts`. */
const FILE = join(import.meta.dirname, "../../vectors/link/blocks.json");
writeFileSync(FILE, `${JSON.stringify(makeBlocksFile(), undefined, 2)}\n`);
