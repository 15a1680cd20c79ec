import type { LogLevel } from "./config/config.ts";

/** Longest line of the log, in characters: nobody's input may fill a disk through it. */
const LINE_MAX = 2_000;

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Lines for people, or one JSON object a line for programs. Never hand it a secret or a payload. */
export interface Log {
    debug(text: string, fields?: LogFields): void;
    info(text: string, fields?: LogFields): void;
    warn(text: string, fields?: LogFields): void;
    error(text: string, fields?: LogFields): void;
}

export interface LogOptions {
    readonly level: LogLevel;
    readonly json: boolean;
    /** The wall clock, in milliseconds since 1970. */
    readonly now: () => number;
    /** Takes one line with its end. */
    readonly write: (line: string) => void;
}

export function makeLog({ level, json, now, write }: LogOptions): Log {
    const least = ORDER.indexOf(level);
    const at =
        (each: LogLevel) =>
        (text: string, fields: LogFields = {}): void => {
            if (ORDER.indexOf(each) < least) return;
            const time = new Date(now()).toISOString();
            const line = json
                ? JSON.stringify({ time, level: each, text, ...fields })
                : plain(time, each, text, fields);
            write(`${line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)}…` : line}\n`);
        };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function plain(time: string, level: LogLevel, text: string, fields: LogFields): string {
    const clock = time.slice(11, 19);
    const mark = level === "info" ? "" : `${level.toUpperCase()} `;
    const rest = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${printable(String(value))}`);
    return [`${clock} ${mark}${printable(text)}`, ...rest].join("  ");
}

/** What came from outside cannot move the cursor or begin a new line. */
function printable(text: string): string {
    return text.replaceAll(/\p{Cc}/gu, (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
