import { type BoardProfile, boardFiles } from "../../../profiles/boards/index.ts";
import { presetFiles } from "../../../profiles/presets/index.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Given } from "./sources.ts";

/** What a board says about a radio on it: port, lines, and the kind of module that a HAT carries. */
export function boardGiven(name: string): Result<readonly Given[], string> {
    const [computerName = "", hatName, ...rest] = name.split("/");
    const computer = boardOf(computerName, "computer");
    const hat = hatName === undefined ? undefined : boardOf(hatName, "hat");
    if (!computer || rest.length > 0 || (hatName !== undefined && !hat)) {
        return err(
            `board must be COMPUTER or COMPUTER/HAT, not ${JSON.stringify(name)}; computers: ${namesOf("computer")}; HATs: ${namesOf("hat")}`,
        );
    }
    const { m0, m1, aux, power } = hat?.lines ?? {};
    const values = { port: computer.uart, gpio_chip: computer.gpioChip, kind: hat?.module };
    const lines = { m0_gpio: m0, m1_gpio: m1, aux_gpio: aux, power_gpio: power };
    return ok(givenOf({ ...values, ...lines }, `board ${name}`));
}

/** What a preset says about the channel of a radio in this region. */
export function presetGiven(name: string, region: string | undefined): Result<readonly Given[], string> {
    const preset = Object.hasOwn(presetFiles, name) ? presetFiles[name] : undefined;
    if (!preset)
        return err(`preset must be one of ${Object.keys(presetFiles).join(", ")}, not ${JSON.stringify(name)}`);
    if (region === undefined) return err(`the preset ${name} needs a region: set region`);
    const channel = preset.regions[region];
    // Without a frequency the law says what is wrong with the rest; see presetObjection.
    const values = {
        frequency_hz: channel?.frequencyHz,
        power_dbm: channel?.powerDbm,
        spreading_factor: preset.spreadingFactor,
        bandwidth_khz: preset.bandwidthHz / 1000,
        coding_rate: preset.codingRate,
        preamble_symbols: preset.preambleSymbols,
    };
    return ok(givenOf(values, `preset ${name}`));
}

function givenOf(values: Readonly<Record<string, string | number | undefined>>, where: string): readonly Given[] {
    return Object.entries(values).flatMap(([path, value]) =>
        value === undefined ? [] : [{ path, value, where: `${path} of ${where}`, words: false }],
    );
}

function boardOf(name: string, type: "computer" | "hat"): BoardProfile | undefined {
    const board = Object.hasOwn(boardFiles, name) ? boardFiles[name] : undefined;
    return board?.type === type ? board : undefined;
}

function namesOf(type: "computer" | "hat"): string {
    return Object.values(boardFiles)
        .filter((board) => board.type === type)
        .map(({ name }) => name)
        .join(", ");
}
