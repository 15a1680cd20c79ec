import { meshcoreKissSettingProblems } from "../../../hw/meshcore-kiss/commands.ts";
import { makeMeshcoreKiss } from "../../../hw/meshcore-kiss/driver.ts";
import { rnodeSettingProblems } from "../../../hw/rnode/commands.ts";
import { makeRnode } from "../../../hw/rnode/driver.ts";
import type { RadioKind } from "./kind.ts";

const BAUD_RATE = 115_200;
const USUAL_POWER_DBM = 14;

export const RNODE: RadioKind = {
    title: "any board with RNode firmware",
    baudRates: [BAUD_RATE],
    usualPowerDbm: () => USUAL_POWER_DBM,
    settingProblems: rnodeSettingProblems,
    makeModem: ({ radio, params, portAt, clock }) =>
        makeRnode({ label: radio.port, port: () => portAt(BAUD_RATE), clock, params }),
};

export const MESHCORE_KISS: RadioKind = {
    title: "any board with MeshCore's KISS modem firmware",
    baudRates: [BAUD_RATE],
    usualPowerDbm: () => USUAL_POWER_DBM,
    settingProblems: meshcoreKissSettingProblems,
    makeModem: ({ radio, params, portAt, clock }) =>
        makeMeshcoreKiss({ label: radio.port, port: () => portAt(BAUD_RATE), clock, params }),
};
