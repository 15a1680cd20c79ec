import { loraAirtimeMs } from "../../src/link/airtime.ts";
import {
    command,
    type Dialect,
    describeParams,
    difference,
    isStarted,
    named,
    tell,
    tellAll,
    valueIn,
} from "../at/dialect.ts";
import type { Ask } from "../at/exchange.ts";
import type { Reader, Said } from "../at/said.ts";
import type { ModemError } from "../modem.ts";
import { AIR_OVERHEAD_BYTES, type Rylr998Settings, sendBytes, settingLines } from "./commands.ts";
import { DialogueReader, type Said as ModuleSaid } from "./dialogue.ts";
import { BUSY_CODE, isAboutReceiving, meaningOf } from "./errors.ts";
import { BASE64_TEXT, BINARY_TEXT } from "./payload-text.ts";

const RESET_MS = 4_000;
/** Beyond the airtime, for the serial line and the module's own work. */
const SEND_MARGIN_MS = 2_000;

/** What the module forgets when it starts again. */
const VOLATILE: readonly string[] = ["BAND", "CRFOP"];

const isOk = named("OK");

export function rylr998Dialect(settings: Rylr998Settings & { readonly binary?: boolean | undefined }): Dialect {
    const { params, address, networkId, binary } = settings;
    const text = binary ? BINARY_TEXT : BASE64_TEXT;
    const volatile = settingLines(settings).filter(([name]) => VOLATILE.includes(name));
    // A module whose "+READY" was lost would send on the band that it was built for.
    const stillSet = (ask: Ask): Promise<ModemError | undefined> => compare(ask, volatile);
    const airtimeMs = (size: number): number => loraAirtimeMs(params, text.textSize(size) + AIR_OVERHEAD_BYTES);
    return {
        traits: {
            frameSizeMax: text.frameSizeMax,
            reportsRssi: true,
            detectsChannelActivity: false,
            confirmsTransmission: true,
        },
        summary: () => `${describeParams(params)}, address ${address}, network ${networkId}`,
        doneShareMin: 0,
        airtimeMs,
        makeReader,
        reset: (ask) => tell(ask, command("AT+RESET", isStarted, RESET_MS)),
        configure: (ask) => configure(ask, settings),
        // It always listens.
        listen: async () => undefined,
        probe: stillSet,
        send: async (ask, frame) => {
            const withinMs = airtimeMs(frame.length) + SEND_MARGIN_MS;
            const question = { name: "AT+SEND", bytes: sendBytes(text.encode(frame)), isAnswer: isOk, withinMs };
            return (await stillSet(ask)) ?? (await tell(ask, question));
        },
        frameOf: (data) => text.decode(data),
    };
}

/** Sets everything, then reads everything back: a module may take a command and do something else. */
async function configure(ask: Ask, settings: Rylr998Settings): Promise<ModemError | undefined> {
    const lines = settingLines(settings);
    const refused = await tellAll(
        ask,
        lines.map(([name, value]) => command(`AT+${name}=${value}`, isOk)),
    );
    return refused ?? compare(ask, lines);
}

async function compare(ask: Ask, lines: ReturnType<typeof settingLines>): Promise<ModemError | undefined> {
    for (const [name, value] of lines) {
        const answer = await ask(command(`AT+${name}?`, named(name)));
        if (!answer.ok) return answer.error;
        const problem = difference([{ name, set: value, found: valueIn(answer.value) }]);
        if (problem) return problem;
    }
    return undefined;
}

function makeReader(): Reader {
    const reader = new DialogueReader();
    return { push: (chunk) => reader.push(chunk).map(meant), forget: () => reader.forget() };
}

function meant(said: ModuleSaid): Said {
    switch (said.kind) {
        case "ok":
            return { kind: "value", name: "OK", value: "" };
        case "ready":
            return { kind: "started" };
        case "error": {
            if (isAboutReceiving(said.code)) return { kind: "noise", size: 0 };
            const detail = `+ERR=${said.code}, ${meaningOf(said.code)}`;
            return { kind: "failure", error: said.code === BUSY_CODE ? "busy" : "refused", detail };
        }
        default:
            return said;
    }
}
