import { toHex } from "../../src/base/encoding.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { command, type Dialect, describeParams, difference, isStarted, named, tell, valueIn } from "../at/dialect.ts";
import type { Ask } from "../at/exchange.ts";
import type { ModemError } from "../modem.ts";
import { Rak3172Reader } from "./reader.ts";
import { makeReception } from "./reception.ts";
import { bandwidthText, FRAME_BYTES_MAX, P2P_NAMES, p2pValues, type Rak3172Settings } from "./settings.ts";

const RESET_MS = 6_000;
/** Beyond the airtime, for a serial line of 9600 baud and the module's own work. */
const SEND_MARGIN_MS = 3_000;

const isOk = named("OK");

export function rak3172Dialect(settings: Rak3172Settings): Dialect {
    const { params, listensBeforeTalk } = settings;
    const hasCad = listensBeforeTalk ?? false;
    const reception = makeReception(hasCad);
    let version = "";
    return {
        traits: {
            frameSizeMax: FRAME_BYTES_MAX,
            reportsRssi: true,
            // It looks for LoRa signals by itself before it sends, and nobody can ask it for what it found.
            detectsChannelActivity: false,
            confirmsTransmission: true,
        },
        summary: () => `${describeParams(params)}${version && `, firmware ${version}`}`,
        // It passes on the interrupt of the radio chip.
        doneShareMin: 0.9,
        airtimeMs: (size) => loraAirtimeMs(params, size),
        makeReader: () => new Rak3172Reader(reception.lapsed),
        reset: (ask) => tell(ask, command("ATZ", isStarted, RESET_MS)),
        configure: async (ask) => {
            const problem =
                (await enterPointToPoint(ask)) ?? (await reception.stop(ask)) ?? (await setAll(ask, settings));
            if (problem) return problem;
            const answer = await ask(command("AT+VER=?", isOk));
            version = answer.ok ? valueIn(answer.value) : "";
            return compare(ask, settings);
        },
        listen: reception.start,
        probe: async (ask) => (await tell(ask, command("AT", isOk))) ?? (await reception.check(ask)),
        send: (ask, frame) => {
            const withinMs = loraAirtimeMs(params, frame.length) + SEND_MARGIN_MS;
            const done = named("TXP2P DONE");
            return reception.send(ask, { ...command(`AT+PSEND=${toHex(frame)}`, done, withinMs), name: "AT+PSEND" });
        },
        frameOf: (data) => data,
    };
}

async function enterPointToPoint(ask: Ask): Promise<ModemError | undefined> {
    const answer = await ask(command("AT+NWM=?", isOk));
    if (!answer.ok) return answer.error;
    if (valueIn(answer.value) === "0") return undefined;
    // Changing the mode restarts the module.
    const problem = await tell(ask, command("AT+NWM=0", isStarted, RESET_MS));
    if (problem) return problem;
    const again = await ask(command("AT+NWM=?", isOk));
    if (!again.ok) return again.error;
    return difference([{ name: "NWM (the working mode)", set: "0", found: valueIn(again.value) }]);
}

async function setAll(ask: Ask, { params, listensBeforeTalk }: Rak3172Settings): Promise<ModemError | undefined> {
    // Firmware that does not know these has nothing to switch off.
    for (const text of listensBeforeTalk ? ["AT+ENCRY=0"] : ["AT+ENCRY=0", "AT+CAD=0"]) {
        const problem = await tell(ask, command(text, isOk));
        if (problem && problem.kind !== "refused") return problem;
    }
    const problem = listensBeforeTalk ? await tell(ask, command("AT+CAD=1", isOk)) : undefined;
    if (problem) return problem;
    const inKilohertz = await tell(ask, command(`AT+P2P=${p2pValues(params, "kHz").join(":")}`, isOk));
    if (inKilohertz?.kind !== "refused") return inKilohertz;
    return tell(ask, command(`AT+P2P=${p2pValues(params, "number").join(":")}`, isOk));
}

async function compare(ask: Ask, { params, listensBeforeTalk }: Rak3172Settings): Promise<ModemError | undefined> {
    const answer = await ask(command("AT+P2P=?", isOk));
    if (!answer.ok) return answer.error;
    const found: (string | undefined)[] = valueIn(answer.value).split(":");
    found[2] = bandwidthText(found[2]);
    const set = p2pValues(params, "kHz");
    const problem = difference(
        P2P_NAMES.map((name, index) => ({ name: `the ${name}`, set: set[index] ?? "", found: found[index] })),
    );
    if (problem || !listensBeforeTalk) return problem;
    const cad = await ask(command("AT+CAD=?", isOk));
    if (!cad.ok) return cad.error;
    return difference([{ name: "CAD (channel activity detection)", set: "1", found: valueIn(cad.value) }]);
}
