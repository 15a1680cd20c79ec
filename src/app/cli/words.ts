import { CommandError } from "./terminal.ts";

/** What stands on a command line, as what it means; a mistake is told with what would have been right. */
export function wholeNumber(text: string, min: number, max: number, name: string): number {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new CommandError(`${name} must be a whole number from ${min} to ${max}, not ${text}.`);
}

/** A share from 0 to 0.99 out of whole percent. */
export function percentOf(text: string, name: string): number {
    return wholeNumber(text, 0, 99, name) / 100;
}

export function oneOfWords<Word extends string>(text: string, words: readonly Word[], name: string): Word {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw new CommandError(`${name} must be one of ${words.join(", ")}, not ${text}.`);
}
