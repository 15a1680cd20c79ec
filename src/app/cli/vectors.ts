import { runHttpGroup } from "../vectors/http.ts";
import { runVectors } from "../vectors/runner.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** Exit code 1 where any vector fails; the last line is for scripts as well as for people. */
export async function vectors(directory: string, terminal: Terminal): Promise<void> {
    const { passed, failed, skipped } = await runVectors({
        directory,
        print: (line) => terminal.out(line),
        httpGroup: runHttpGroup,
    });
    terminal.out(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
    if (failed > 0) throw new CommandError(`${failed} vectors failed, see above.`);
}
