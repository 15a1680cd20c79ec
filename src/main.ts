import { runProgram } from "./app/cli/program.ts";
import { processTerminal } from "./app/cli/terminal.ts";

// Whoever read the results has gone, as `head` does: nothing more may be done in their name, e.g. acknowledged.
process.stdout.on("error", () => process.exit(1));
// A log that nobody reads any more is no reason to end.
process.stderr.on("error", () => undefined);

process.exitCode = await runProgram(process.argv.slice(2), processTerminal);
