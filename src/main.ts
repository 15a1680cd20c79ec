import { runProgram } from "./app/cli/program.ts";
import { processTerminal } from "./app/cli/terminal.ts";

process.exitCode = await runProgram(process.argv.slice(2), processTerminal);
