import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ImportMarks } from "../../carriers/bundle/import.ts";

/** Written so often at most, in frames: what is lost with a crash comes again as duplicates. */
const STEP_FRAMES = 256;

/**
 * Where the last interrupted import ended, in the data directory. Only one is kept; a mark that cannot be read or written
 * costs time and nothing else, since frames that come again are duplicates.
 */
export function importMarks(dataDir: string): ImportMarks {
    const path = join(dataDir, "import-mark.json");
    let written = 0;
    return {
        done(checksum) {
            try {
                const mark: unknown = JSON.parse(readFileSync(path, "utf8"));
                const { checksum: known, frames } = Object(mark) as Record<string, unknown>;
                return known === checksum && Number.isSafeInteger(frames) ? Number(frames) : 0;
            } catch {
                return 0;
            }
        },
        set(checksum, frames) {
            if (frames - written < STEP_FRAMES) return;
            written = frames;
            try {
                writeFileSync(`${path}.new`, JSON.stringify({ checksum, frames }), { mode: 0o600 });
                renameSync(`${path}.new`, path);
            } catch {
                // See above.
            }
        },
        clear() {
            rmSync(path, { force: true });
        },
    };
}
