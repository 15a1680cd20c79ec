import { CommandError } from "./terminal.ts";

const SECONDS: Readonly<Record<string, number>> = {
    s: 1,
    sec: 1,
    secs: 1,
    second: 1,
    seconds: 1,
    m: 60,
    min: 60,
    mins: 60,
    minute: 60,
    minutes: 60,
    h: 3_600,
    hr: 3_600,
    hrs: 3_600,
    hour: 3_600,
    hours: 3_600,
    d: 86_400,
    day: 86_400,
    days: 86_400,
    w: 604_800,
    week: 604_800,
    weeks: 604_800,
    M: 2_630_016,
    month: 2_630_016,
    months: 2_630_016,
    y: 31_557_600,
    year: 31_557_600,
    years: 31_557_600,
};

/** A duration as Ember's commands take it, e.g. "2h 30m" or "7days", in seconds. */
export function secondsOf(text: string, option: string): number {
    const parts = [...text.matchAll(/(\d{1,12})\s*([A-Za-z]+)\s*/g)];
    const whole = parts.map(([part]) => part).join("");
    const values = parts.map(([, number, unit = ""]) => Number(number) * (SECONDS[unit] ?? Number.NaN));
    const seconds = values.reduce((sum, value) => sum + value, 0);
    if (parts.length === 0 || whole !== text.trimStart() || Number.isNaN(seconds)) {
        throw new CommandError(
            `${option} must be a duration such as 90s, 2h 30m or 7days, not ${JSON.stringify(text)}.`,
        );
    }
    return seconds;
}

const BYTES: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** A size such as 32M, in bytes. */
export function bytesOf(text: string, option: string): number {
    const [, number, unit = ""] = /^(\d{1,12})\s*([KMG]?)(?:i?B)?$/i.exec(text) ?? [];
    const factor = BYTES[unit.toUpperCase()];
    if (number === undefined || factor === undefined) {
        throw new CommandError(`${option} must be a size such as 500K, 32M or 1G, not ${JSON.stringify(text)}.`);
    }
    return Number(number) * factor;
}

export function countOf(text: string, option: string): number {
    if (!/^\d{1,9}$/.test(text)) {
        throw new CommandError(`${option} must be a whole number, not ${JSON.stringify(text)}.`);
    }
    return Number(text);
}

/** For people: "1.5 MiB". */
export function sizeText(bytes: number): string {
    if (bytes < 1024) return `${bytes} bytes`;
    if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
    return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
