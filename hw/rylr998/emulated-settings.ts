import { isPreambleAllowed } from "./commands.ts";
import type { RylrModel } from "./models.ts";

/** What a module remembers. Values are kept as the numbers of the AT commands. */
export interface ModuleState {
    readonly mode: number;
    readonly ipr: number;
    readonly band: number;
    readonly parameter: readonly [sf: number, bandwidthCode: number, codingRate: number, preamble: number];
    readonly address: number;
    readonly networkId: number;
    readonly password: string;
    readonly power: number;
}

export function factoryOf(model: RylrModel): ModuleState {
    return {
        mode: 0,
        ipr: 115_200,
        band: 915_000_000,
        parameter: model.factoryParameter,
        address: 0,
        networkId: model.factoryNetwork,
        password: "0".repeat(model.passwordDigits),
        power: model.powerDbmMax,
    };
}

export function bandwidthOfCode(model: RylrModel, code: number): number | undefined {
    return model.bandwidths.find((each) => each.code === code)?.hz;
}

/** The answer to a setting: the new state, and what of it survives a reset; or an error number. */
export type Change =
    | { readonly kind: "changed"; readonly state: Partial<ModuleState>; readonly kept: Partial<ModuleState> }
    | { readonly kind: "refused"; readonly code: number };

const UNKNOWN = 4;
const PREAMBLE = 18;
const SMART_TIMES = 20;
const BAUD_RATES = [300, 1200, 4800, 9600, 19_200, 28_800, 38_400, 57_600, 115_200];
const BAND_MIN = 820_000_000;
const BAND_MAX = 960_000_000;

interface Module {
    readonly state: ModuleState;
    readonly model: RylrModel;
}

/** `AT+NAME=value` as the command guide has it. Undefined for a name that is no setting. */
export function changeOf(name: string, value: string, module: Module): Change | undefined {
    const { model } = module;
    switch (name) {
        case "MODE":
            return modeOf(value);
        case "IPR":
            return whole(
                value,
                (rate) => BAUD_RATES.includes(rate),
                (ipr) => both({ ipr }),
            );
        case "BAND":
            return flashable(
                value,
                (hz) => hz >= BAND_MIN && hz <= BAND_MAX,
                (band) => ({ band }),
            );
        case "PARAMETER":
            return parameterOf(value, module);
        case "ADDRESS":
            return whole(
                value,
                (address) => address <= 65_535,
                (address) => both({ address }),
            );
        case "NETWORKID":
            return whole(
                value,
                (id) => model.networks.includes(id),
                (networkId) => both({ networkId }),
            );
        case "CPIN":
            return isPassword(value, model) ? changed({ password: value.toUpperCase() }, {}) : refused(UNKNOWN);
        case "CRFOP":
            return flashable(
                value,
                (dbm) => dbm <= model.powerDbmMax,
                (power) => ({ power }),
            );
        default:
            return undefined;
    }
}

/** `AT+NAME?`; undefined for a name that cannot be asked. */
export function settingText(name: string, state: ModuleState, model: RylrModel): string | undefined {
    switch (name) {
        case "MODE":
            return String(state.mode);
        case "IPR":
            return String(state.ipr);
        case "BAND":
            return String(state.band);
        case "PARAMETER":
            return state.parameter.join(",");
        case "ADDRESS":
            return String(state.address);
        case "NETWORKID":
            return String(state.networkId);
        case "CPIN":
            return state.password;
        case "CRFOP":
            return String(state.power);
        case "UID":
            return "104737333437353600170029";
        case "VER":
            return `${model.name}_REYAX_V1.2.2`;
        default:
            return undefined;
    }
}

function modeOf(value: string): Change {
    const smart = /^2,(\d{1,6}),(\d{1,6})$/.exec(value);
    if (smart) {
        const fits = [smart[1], smart[2]].every((ms) => Number(ms) >= 30 && Number(ms) <= 60_000);
        return fits ? changed({ mode: 2 }, {}) : refused(SMART_TIMES);
    }
    return whole(
        value,
        (mode) => mode === 0 || mode === 1,
        (mode) => changed({ mode }, {}),
    );
}

function isPassword(value: string, { passwordDigits }: RylrModel): boolean {
    return value.length === passwordDigits && /^(?!0*$)[0-9A-Fa-f]+$/.test(value);
}

function parameterOf(value: string, { state, model }: Module): Change {
    const numbers = /^\d{1,2},\d,\d,\d{1,2}$/.test(value) ? value.split(",").map(Number) : [];
    const [sf = 0, code = 0, codingRate = 0, preamble = 0] = numbers;
    const bandwidth = model.bandwidths.find((each) => each.code === code);
    if (!bandwidth || sf < model.spreadingMinTaken || sf > bandwidth.spreadingMax || codingRate < 1 || codingRate > 4)
        return refused(UNKNOWN);
    if (preamble < 4 || preamble > 24 || !isPreambleAllowed(model, state.networkId, preamble)) return refused(PREAMBLE);
    return both({ parameter: [sf, code, codingRate, preamble] });
}

/** Band and power live in flash only where the command ends with ",M". */
function flashable(
    value: string,
    fits: (value: number) => boolean,
    make: (value: number) => Partial<ModuleState>,
): Change {
    const memory = value.endsWith(",M");
    return whole(memory ? value.slice(0, -2) : value, fits, (number) =>
        changed(make(number), memory ? make(number) : {}),
    );
}

function whole(value: string, fits: (value: number) => boolean, make: (value: number) => Change): Change {
    return /^\d{1,10}$/.test(value) && fits(Number(value)) ? make(Number(value)) : refused(UNKNOWN);
}

function both(state: Partial<ModuleState>): Change {
    return changed(state, state);
}

function changed(state: Partial<ModuleState>, kept: Partial<ModuleState>): Change {
    return { kind: "changed", state, kept };
}

function refused(code: number): Change {
    return { kind: "refused", code };
}
