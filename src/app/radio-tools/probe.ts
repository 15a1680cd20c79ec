import type { BytePort } from "../../../hw/port/byte-port.ts";
import { concatBytes } from "../../base/bytes.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Clock, Millis } from "../../base/time.ts";
import type { RadioKindName } from "../config/module-settings.ts";
import { PROBE_QUESTIONS, type ProbeAnswer, type ProbeQuestion } from "./questions.ts";

/** Of what a device says to one question; more is not looked at. */
const HEARD_BYTES_MAX = 4_096;

/** Boards that start because their port was opened say nothing sensible before this. */
const OPEN_WAIT_MS = 500;

export interface ProbeOptions {
    readonly portAt: (baudRate: number) => BytePort;
    readonly clock: Clock;
    /** Only questions for this kind. */
    readonly kind?: RadioKindName | undefined;
    readonly onQuestion: (name: string) => void;
}

export interface Finding {
    readonly question: string;
    /** Undefined: silence, or words that answer another question. */
    readonly answer: ProbeAnswer | undefined;
    /** Bytes that came, whatever they say. */
    readonly heardBytes: number;
}

/** Asks kind by kind until one answers. The text of an error is for people: the port cannot be had. */
export async function probe({
    portAt,
    clock,
    kind,
    onQuestion,
}: ProbeOptions): Promise<Result<readonly Finding[], string>> {
    const findings: Finding[] = [];
    const questions = PROBE_QUESTIONS.filter(({ kinds }) => kind === undefined || kinds.includes(kind));
    let line: Line | undefined;
    for (const question of questions) {
        if (line?.baudRate !== question.baudRate) {
            await line?.close();
            const opened = await openLine(portAt, question.baudRate, clock);
            if (!opened.ok) return opened;
            line = opened.value;
        }
        onQuestion(question.name);
        const finding = await ask(line, question, clock);
        findings.push(finding);
        if (finding.answer) break;
    }
    await line?.close();
    return ok(findings);
}

interface Line {
    readonly baudRate: number;
    heard: Uint8Array;
    onHeard: () => void;
    write(bytes: Uint8Array): Promise<void>;
    close(): Promise<void>;
}

async function openLine(portAt: ProbeOptions["portAt"], baudRate: number, clock: Clock): Promise<Result<Line, string>> {
    const port = portAt(baudRate);
    const line: Line = {
        baudRate,
        heard: new Uint8Array(0),
        onHeard: () => undefined,
        // A port that went away says nothing more, which is answer enough.
        write: (bytes) => port.write(bytes).catch(() => undefined),
        close: () => port.close(),
    };
    try {
        await port.open({
            onBytes: (chunk) => {
                line.heard = concatBytes(line.heard, chunk).subarray(0, HEARD_BYTES_MAX);
                line.onHeard();
            },
            onClose: () => undefined,
        });
    } catch (cause) {
        return err(cause instanceof Error ? cause.message : String(cause));
    }
    await new Promise<void>((resolve) => after(clock, OPEN_WAIT_MS, resolve));
    return ok(line);
}

async function ask(line: Line, question: ProbeQuestion, clock: Clock): Promise<Finding> {
    line.heard = new Uint8Array(0);
    for (let tries = 0; tries < question.tries; tries++) {
        const answer = await new Promise<ProbeAnswer | undefined>((resolve) => {
            const cancel = after(clock, question.withinMs, () => resolve(undefined));
            line.onHeard = () => {
                const meaning = question.meaningOf(line.heard);
                if (!meaning) return;
                cancel();
                resolve(meaning);
            };
            void line.write(question.bytes);
        });
        line.onHeard = () => undefined;
        if (answer) return { question: question.name, answer, heardBytes: line.heard.length };
    }
    return { question: question.name, answer: undefined, heardBytes: line.heard.length };
}

function after(clock: Clock, ms: Millis, task: () => void): () => void {
    return clock.schedule(clock.now().monotonic + ms, task);
}
