import type { Millis } from "../../src/base/time.ts";
import type { LoraParams, ModemError, ModemTraits } from "../modem.ts";
import type { Ask, Question } from "./exchange.ts";
import type { Answer, Reader } from "./said.ts";

/** A module answers a command within some milliseconds; this is for a busy USB adapter. */
const COMMAND_MS = 1_000;

/** Some questions in a row; undefined when all went well. It stops at the first that did not. */
export type Step = (ask: Ask) => Promise<ModemError | undefined>;

/** What one kind of AT module says and means, made for one modem with its settings. All supervision is elsewhere. */
export interface Dialect {
    readonly traits: ModemTraits;
    /** The settings in force, for people. */
    summary(): string;
    /**
     * From 0 to 1: a module that says "sent" before this share of the frame's airtime has passed cannot have sent it.
     * 0 where firmware may say so beforehand.
     */
    readonly doneShareMin: number;
    airtimeMs(size: number): Millis;
    makeReader(): Reader;
    /** Restarts the module and waits until it is back. */
    readonly reset: Step;
    /** Sets everything, reads everything back, and names what differs ("mismatch"). */
    readonly configure: Step;
    /** Makes it receive; asked after `configure` and after each frame. */
    readonly listen: Step;
    /** Whether it is there and as it was set up. */
    readonly probe: Step;
    /** Ends when the frame has left, as far as the module tells. */
    send(ask: Ask, frame: Uint8Array): Promise<ModemError | undefined>;
    /** The frame in a packet's data; undefined for data that no Hearth sent in this form. */
    frameOf(data: Uint8Array): Uint8Array | undefined;
}

/** A command line of its own name, with its line end. */
export function command(text: string, isAnswer: Question["isAnswer"], withinMs: Millis = COMMAND_MS): Question {
    return { name: text, bytes: ascii(`${text}\r\n`), isAnswer, withinMs };
}

/** Takes an answer of this name. */
export function named(name: string): Question["isAnswer"] {
    return (said) => said.kind === "value" && said.name === name;
}

export function isStarted(said: Answer): boolean {
    return said.kind === "started";
}

/** Asks and only wants to know whether it went well. */
export async function tell(ask: Ask, question: Question): Promise<ModemError | undefined> {
    const answer = await ask(question);
    return answer.ok ? undefined : answer.error;
}

/** One after the other, up to the first that goes wrong. */
export async function tellAll(ask: Ask, questions: readonly Question[]): Promise<ModemError | undefined> {
    for (const question of questions) {
        const problem = await tell(ask, question);
        if (problem) return problem;
    }
    return undefined;
}

export function valueIn(said: Answer): string {
    return said.kind === "value" ? said.value : "";
}

export function isWithin(value: number, min: number, max: number): boolean {
    return Number.isInteger(value) && value >= min && value <= max;
}

/** The first difference between what was set and what the module says; values in the same order. */
export function difference(
    settings: readonly { readonly name: string; readonly set: string; readonly found: string | undefined }[],
): ModemError | undefined {
    const wrong = settings.find(({ set, found }) => set !== found);
    if (!wrong) return undefined;
    const { name, set, found } = wrong;
    return { kind: "mismatch", detail: `${name} was set to ${set}, but the module says ${found ?? "nothing"}` };
}

/** One byte a character. */
export function ascii(text: string): Uint8Array {
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export function describeParams({ frequencyHz, spreadingFactor, bandwidthHz, powerDbm }: LoraParams): string {
    return `${frequencyHz / 1e6} MHz, SF${spreadingFactor}, ${bandwidthHz / 1000} kHz, ${powerDbm} dBm`;
}
