import { err, ok, type Result } from "../../src/base/result.ts";
import type { Millis } from "../../src/base/time.ts";
import type { ModemError } from "../modem.ts";
import { type RegisterReply, ReplyReader, readCommand, writeCommand } from "./commands.ts";
import { CONFIG_BAUD_RATE, type EbyteKind } from "./kind.ts";
import type { Pins } from "./pins.ts";
import type { Session } from "./session.ts";
import { differenceOf } from "./settings.ts";

/** The module answers within some dozen milliseconds; this is for a busy board. */
const ANSWER_MS_MAX = 1_000;

export interface Wanted {
    readonly kind: EbyteKind;
    readonly label: string;
    /** All that can be written, those of the key at the end. */
    readonly registers: Uint8Array;
    /** True: written to the module's flash, and only when something differs. */
    readonly isKept: boolean;
    /** The speed outside of configuration. */
    readonly baudRate: number;
}

/** Writes every register, reads it back and compares; afterwards the module works as wanted or an error says why not. */
export function configure(session: Session, pins: Pins, wanted: Wanted): Promise<Result<void, ModemError>> {
    return whileConfiguring(session, pins, wanted, async () => {
        if (wanted.isKept) {
            const before = await read(session, wanted);
            if (!before.ok) return before;
            if (differenceOf(wanted.kind, wanted.registers, before.value) === undefined) return ok(undefined);
        }
        const { registers, isKept } = wanted;
        const written = await ask(session, wanted, {
            name: "writing its registers",
            bytes: writeCommand(registers, { isKept }),
            count: registers.length,
        });
        return written.ok ? compare(session, wanted) : written;
    });
}

/** Looks whether the registers still are as wanted. The module hears nothing from the air meanwhile. */
export function verify(session: Session, pins: Pins, wanted: Wanted): Promise<Result<void, ModemError>> {
    return whileConfiguring(session, pins, wanted, () => compare(session, wanted));
}

async function whileConfiguring(
    session: Session,
    pins: Pins,
    wanted: Wanted,
    work: () => Promise<Result<void, ModemError>>,
): Promise<Result<void, ModemError>> {
    const entered = await pins.enter("configuring", session);
    if (!entered.ok) return entered;
    const opened = await session.openAt(CONFIG_BAUD_RATE);
    if (!opened.ok) return opened;
    const done = await work();
    session.onBytes = () => undefined;
    if (!done.ok) return done;
    const left = await pins.enter("normal", session);
    return left.ok ? session.openAt(wanted.baudRate) : left;
}

async function compare(session: Session, wanted: Wanted): Promise<Result<void, ModemError>> {
    const found = await read(session, wanted);
    if (!found.ok) return found;
    const difference = differenceOf(wanted.kind, wanted.registers, found.value);
    return difference === undefined ? ok(undefined) : err({ kind: "mismatch", detail: difference });
}

function read(session: Session, wanted: Wanted): Promise<Result<Uint8Array, ModemError>> {
    const count = wanted.kind.registerCount;
    return ask(session, wanted, { name: "reading its registers", bytes: readCommand(count), count });
}

interface Question {
    /** For people. */
    readonly name: string;
    readonly bytes: Uint8Array;
    /** Registers in the answer. */
    readonly count: number;
}

async function ask(session: Session, wanted: Wanted, question: Question): Promise<Result<Uint8Array, ModemError>> {
    const answer = await listenFor(session, question, ANSWER_MS_MAX);
    if (session.ended) return err(session.ended);
    const who = `the ${wanted.kind.name} on ${wanted.label}`;
    if (answer?.kind === "registers") return ok(answer.registers);
    return answer
        ? err({
              kind: "refused",
              detail: `${who} answered FF FF FF to ${question.name}: is it really an ${wanted.kind.name}?`,
          })
        : err({
              kind: "silent",
              detail: `no answer to ${question.name} from ${who}: check power, TX and RX, and the lines M0 and M1`,
          });
}

async function listenFor(
    session: Session,
    { bytes, count }: Question,
    withinMs: Millis,
): Promise<RegisterReply | undefined> {
    const reader = new ReplyReader(count);
    let reply: RegisterReply | undefined;
    session.onBytes = (chunk) => {
        reply ??= reader.push(chunk);
    };
    await session.write(bytes);
    await session.until(() => reply !== undefined, withinMs);
    return reply;
}
