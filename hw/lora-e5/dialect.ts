import { toHex } from "../../src/base/encoding.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { ascii, command, type Dialect, describeParams, difference, named, tell, valueIn } from "../at/dialect.ts";
import type { Ask, Question } from "../at/exchange.ts";
import type { LoraParams, ModemError } from "../modem.ts";
import { LoraE5Reader } from "./reader.ts";
import { FRAME_BYTES_MAX, type LoraE5Settings, rfConfigParts, rfConfigText, SEND_HEAD } from "./settings.ts";

/** After power-on and reset the module says nothing of itself, so it is asked every so often. */
const AWAKE_MS = 500;
const AWAKE_TRIES_MAX = 10;
/** Beyond the airtime: at 9600 baud the command and its echo take half a second each. */
const SEND_MARGIN_MS = 3_000;

export function loraE5Dialect({ params }: LoraE5Settings): Dialect {
    return {
        traits: {
            frameSizeMax: FRAME_BYTES_MAX,
            reportsRssi: true,
            detectsChannelActivity: false,
            confirmsTransmission: true,
        },
        summary: () => describeParams(params),
        doneShareMin: 0.9,
        airtimeMs: (size) => loraAirtimeMs(params, size),
        makeReader: () => new LoraE5Reader(),
        reset,
        configure: (ask) => configure(ask, params),
        // A transmission ends the reception.
        listen: (ask) => tell(ask, command("AT+TEST=RXLRPKT", isTest("RXLRPKT"))),
        probe: checkMode,
        send: async (ask, frame) => {
            const problem = await tell(ask, {
                name: "AT+TEST=TXLRPKT",
                bytes: ascii(`${SEND_HEAD}${toHex(frame).toUpperCase()}"\r\n`),
                isAnswer: isTest("TX DONE"),
                withinMs: loraAirtimeMs(params, frame.length) + SEND_MARGIN_MS,
            });
            // It refuses everything after a restart of its own, of which it says nothing.
            return problem?.kind === "refused" ? ((await checkMode(ask)) ?? problem) : problem;
        },
        frameOf: (data) => data,
    };
}

function isTest(value: string): Question["isAnswer"] {
    return (said) => said.kind === "value" && said.name === "TEST" && said.value === value;
}

async function reset(ask: Ask): Promise<ModemError | undefined> {
    return (await untilAwake(ask)) ?? (await tell(ask, command("AT+RESET", named("RESET")))) ?? (await untilAwake(ask));
}

async function untilAwake(ask: Ask): Promise<ModemError | undefined> {
    for (let attempt = 1; ; attempt++) {
        const problem = await tell(ask, command("AT", named("AT"), AWAKE_MS));
        if (problem?.kind !== "silent" || attempt === AWAKE_TRIES_MAX) return problem;
    }
}

async function configure(ask: Ask, params: LoraParams): Promise<ModemError | undefined> {
    const mode = await ask(command("AT+MODE=TEST", named("MODE")));
    if (!mode.ok) return mode.error;
    const wrongMode = difference([{ name: "the mode", set: "TEST", found: valueIn(mode.value) }]);
    if (wrongMode) return wrongMode;
    const isConfig: Question["isAnswer"] = (said) => said.kind === "value" && said.value.startsWith("RFCFG");
    const answer = await ask(command(`AT+TEST=RFCFG,${rfConfigText(params)}`, isConfig));
    if (!answer.ok) return answer.error;
    const echo = valueIn(answer.value);
    return difference(
        rfConfigParts(params).map(({ name, pattern, set }) => ({ name, set, found: pattern.exec(echo)?.[1] })),
    );
}

/** A module that started again is back in its LoRaWAN mode. */
async function checkMode(ask: Ask): Promise<ModemError | undefined> {
    const answer = await ask(command("AT+MODE", named("MODE")));
    if (!answer.ok) return answer.error;
    if (valueIn(answer.value) === "TEST") return undefined;
    return {
        kind: "silent",
        detail: `the module started again by itself: its mode is ${valueIn(answer.value)}, not TEST`,
    };
}
