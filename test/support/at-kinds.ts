import { makeLoraE5 } from "../../hw/lora-e5/driver.ts";
import { LoraE5Emulator, type LoraE5EmulatorOptions } from "../../hw/lora-e5/emulator.ts";
import { makeRak3172, type Rak3172Options } from "../../hw/rak3172/driver.ts";
import { Rak3172Emulator, type Rak3172EmulatorOptions } from "../../hw/rak3172/emulator.ts";
import { makeRylr998 } from "../../hw/rylr998/driver.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import type { AtKind } from "./at-station.ts";
import { PARAMS } from "./emulated-module.ts";

export const RYLR998: AtKind<Rylr998Emulator> = {
    emulator: (world) => new Rylr998Emulator(world),
    modem: (parts) => makeRylr998({ ...parts, params: PARAMS, networkId: 18 }),
};

export const RYLR896: AtKind<Rylr998Emulator> = {
    emulator: (world) => new Rylr998Emulator({ ...world, model: "rylr896" }),
    modem: (parts) =>
        makeRylr998({
            ...parts,
            params: { ...PARAMS, spreadingFactor: 12, preambleSymbols: 4 },
            networkId: 6,
            model: "rylr896",
        }),
};

export function rak3172(
    firmware: Rak3172EmulatorOptions["firmware"],
    more: Partial<Rak3172Options> = {},
): AtKind<Rak3172Emulator> {
    return {
        emulator: (world) => new Rak3172Emulator({ ...world, ...(firmware ? { firmware } : {}) }),
        modem: (parts) => makeRak3172({ ...parts, params: PARAMS, ...more }),
    };
}

export function loraE5(options: Partial<LoraE5EmulatorOptions> = {}): AtKind<LoraE5Emulator> {
    return {
        emulator: (world) => new LoraE5Emulator({ ...world, ...options }),
        modem: (parts) => makeLoraE5({ ...parts, params: PARAMS }),
    };
}
