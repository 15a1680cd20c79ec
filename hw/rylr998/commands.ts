import { ascii, isWithin } from "../at/dialect.ts";
import type { LoraParams } from "../modem.ts";
import { DATA_BYTES_MAX } from "./dialogue.ts";
import { modelOf, type RylrModel, type RylrModelName } from "./models.ts";

/** Bytes that the module adds to each packet on the air. */
export const AIR_OVERHEAD_BYTES = 8;

/** The destination that every module of the network takes. */
const EVERYBODY = 0;

/** What a module is set to. */
export interface Rylr998Settings {
    readonly params: LoraParams;
    /** 1..65535: the module's own address. */
    readonly address: number;
    /** RYLR998: 3..15 or 18. RYLR896: 0..16. */
    readonly networkId: number;
    /** RYLR998 unless said. */
    readonly model?: RylrModelName | undefined;
}

/** Everything that this module cannot do of what it is asked; empty when it can. */
export function settingProblems({ params, address, networkId, model: name }: Rylr998Settings): readonly string[] {
    const model = modelOf(name);
    const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm, frequencyHz } = params;
    const problems: string[] = [];
    const need = (holds: boolean, text: string): void => {
        if (!holds) problems.push(text);
    };
    const bandwidth = model.bandwidths.find(({ hz }) => hz === bandwidthHz);
    need(bandwidth !== undefined, `the bandwidth must be ${model.bandwidthsText}`);
    const spreadingMax = bandwidth?.spreadingMax ?? Math.max(...model.bandwidths.map((each) => each.spreadingMax));
    need(
        isWithin(spreadingFactor, model.spreadingMin, spreadingMax),
        `at this bandwidth the spreading factor must be ${model.spreadingMin} to ${spreadingMax}`,
    );
    need(isWithin(codingRate, 1, 4), "the coding rate must be 1 to 4");
    need(model.networks.includes(networkId), `the network id must be ${model.networksText}`);
    need(isWithin(preambleSymbols, 4, 24), "the preamble must be 4 to 24");
    need(
        isPreambleAllowed(model, networkId, preambleSymbols),
        `a preamble other than 12 needs network ${model.freePreambleNetworks.join()}`,
    );
    need(isWithin(powerDbm, 0, model.powerDbmMax), `the power must be 0 to ${model.powerDbmMax} dBm`);
    need(isWithin(address, 1, 65_535), "the address must be 1 to 65535");
    need(Number.isInteger(frequencyHz) && frequencyHz > 0, "the frequency must be in whole Hz");
    return problems;
}

export function isPreambleAllowed(model: RylrModel, networkId: number, symbols: number): boolean {
    return symbols === 12 || model.freePreambleNetworks.includes(networkId);
}

/** Name and value of everything that is set and then read back. */
export function settingLines(settings: Rylr998Settings): readonly (readonly [string, string])[] {
    const { params, address, networkId, model } = settings;
    const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm, frequencyHz } = params;
    const bandwidth = modelOf(model).bandwidths.find(({ hz }) => hz === bandwidthHz)?.code;
    return [
        ["MODE", "0"],
        ["ADDRESS", String(address)],
        ["NETWORKID", String(networkId)],
        ["BAND", String(frequencyHz)],
        ["PARAMETER", `${spreadingFactor},${bandwidth},${codingRate},${preambleSymbols}`],
        ["CRFOP", String(powerDbm)],
    ];
}

/** The module takes at most 240 bytes of data. */
export function sendBytes(data: Uint8Array): Uint8Array {
    if (data.length > DATA_BYTES_MAX) throw new RangeError(`more than ${DATA_BYTES_MAX} bytes of data`);
    const head = ascii(`AT+SEND=${EVERYBODY},${data.length},`);
    const line = new Uint8Array(head.length + data.length + 2);
    line.set(head);
    line.set(data, head.length);
    line.set([0x0d, 0x0a], head.length + data.length);
    return line;
}
