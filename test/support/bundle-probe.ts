import Database from "better-sqlite3";

/** A program for the tests of build.mjs: says which native files load from where the bundle lies. */
const loaded: string[] = [];
if (process.argv.includes("--natives")) {
    const database = new Database(":memory:");
    loaded.push(`sqlite ${database.prepare("select 6 * 7").pluck().get()}`);
    const { SerialPort } = await import("serialport");
    loaded.push(`serialport ${typeof SerialPort}`);
    const pty = await import("@lydell/node-pty");
    loaded.push(`pty ${typeof pty.spawn}`);
}
process.stdout.write(`${loaded.join("\n")}\n`);
