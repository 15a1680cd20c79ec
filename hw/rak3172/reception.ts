import { command, named, tell } from "../at/dialect.ts";
import type { Ask, Question } from "../at/exchange.ts";
import type { ModemError } from "../modem.ts";

const STOP = "0";
/** Goes on over a transmission. */
const ALWAYS = "65533";
/** Goes on until it is stopped, and transmitting is refused meanwhile. */
const ONLY = "65534";

/**
 * Receiving, and sending in spite of it. Firmware that does not know 65533 either refuses it or takes it for
 * milliseconds; with such firmware reception is stopped for each transmission.
 */
export function makeReception(hasCad: boolean) {
    let state: "on" | "stopped" | "unknown" = "unknown";
    let mustStop = false;
    const set = (ask: Ask, time: string) => tell(ask, command(`AT+PRECV=${time}`, named("OK")));

    const stop = async (ask: Ask): Promise<ModemError | undefined> => {
        const problem = await set(ask, STOP);
        state = problem ? "unknown" : "stopped";
        return problem;
    };

    const start = async (ask: Ask): Promise<ModemError | undefined> => {
        if (state === "on") return undefined;
        let problem = state === "unknown" ? await stop(ask) : undefined;
        problem ??= mustStop ? await set(ask, ONLY) : await startAlways(ask);
        state = problem ? "unknown" : "on";
        return problem;
    };

    const startAlways = async (ask: Ask): Promise<ModemError | undefined> => {
        const problem = await set(ask, ALWAYS);
        if (problem && problem.kind !== "refused") return problem;
        // Reception without an end does not let itself be changed; a window of some seconds does.
        const change = await set(ask, ONLY);
        if (!problem && change?.kind === "busy") return undefined;
        mustStop = true;
        return change;
    };

    const send = async (ask: Ask, question: Question): Promise<ModemError | undefined> => {
        if (!mustStop) {
            const problem = await tell(ask, question);
            // With CAD it may be the channel that is busy. Without, nothing but reception keeps it from transmitting.
            if (problem?.kind !== "busy" || hasCad) return problem;
            mustStop = true;
        }
        return (await stop(ask)) ?? (await tell(ask, question));
    };

    /** Changing a reception that goes on is refused and does no harm; where it is not, a restart went by unheard. */
    const check = async (ask: Ask): Promise<ModemError | undefined> => {
        if (state !== "on") return undefined;
        const problem = await set(ask, ONLY);
        if (problem) return problem.kind === "busy" ? undefined : problem;
        // If it was not a restart, it took 65533 for milliseconds after all.
        mustStop = true;
        return { kind: "silent", detail: "the module no longer receives: it must have started again by itself" };
    };

    /** The module says that it no longer receives. */
    const lapsed = (): void => {
        state = "unknown";
    };

    return { start, stop, send, check, lapsed };
}
