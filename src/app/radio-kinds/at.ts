import { LORA_E5_BAUD_RATES, makeLoraE5 } from "../../../hw/lora-e5/driver.ts";
import { loraE5SettingProblems } from "../../../hw/lora-e5/settings.ts";
import { makeRak3172, RAK3172_BAUD_RATES } from "../../../hw/rak3172/driver.ts";
import { rak3172SettingProblems } from "../../../hw/rak3172/settings.ts";
import { type Rylr998Settings, settingProblems } from "../../../hw/rylr998/commands.ts";
import { makeRylr998 } from "../../../hw/rylr998/driver.ts";
import type { RylrModelName } from "../../../hw/rylr998/models.ts";
import type { RadioChoice, RadioKind } from "./kind.ts";

const USUAL_POWER_DBM = 14;
const RYLR_BAUD_RATE = 115_200;
const RYLR896_NETWORK_ID = 6;
const RYLR998_NETWORK_ID = 18;

export const RYLR998 = rylr("rylr998", "REYAX RYLR998 or RYLR498", RYLR998_NETWORK_ID);
export const RYLR896 = rylr("rylr896", "REYAX RYLR896, 895, 406 or 405", RYLR896_NETWORK_ID);

export const RAK3172: RadioKind = {
    title: "RAKwireless RAK3172 with RUI3",
    baudRates: RAK3172_BAUD_RATES,
    usualPowerDbm: () => USUAL_POWER_DBM,
    settingProblems: rak3172SettingProblems,
    makeModem: ({ radio, params, portAt, clock }) =>
        makeRak3172({ label: radio.port, port: portAt, clock, params, listensBeforeTalk: radio.listenBeforeTalk }),
};

export const LORA_E5: RadioKind = {
    title: "Seeed LoRa-E5 or Wio-E5",
    baudRates: LORA_E5_BAUD_RATES,
    usualPowerDbm: () => USUAL_POWER_DBM,
    settingProblems: loraE5SettingProblems,
    makeModem: ({ radio, params, portAt, clock }) => makeLoraE5({ label: radio.port, port: portAt, clock, params }),
};

function rylr(model: RylrModelName, title: string, usualNetworkId: number): RadioKind {
    const settingsOf = ({ radio, params, address }: RadioChoice): Rylr998Settings => ({
        params,
        address,
        networkId: radio.networkId ?? usualNetworkId,
        model,
    });
    return {
        title,
        baudRates: [RYLR_BAUD_RATE],
        usualNetworkId,
        usualPowerDbm: () => USUAL_POWER_DBM,
        settingProblems: (choice) => settingProblems(settingsOf(choice)),
        makeModem: (parts) =>
            makeRylr998({
                ...settingsOf(parts),
                label: parts.radio.port,
                port: () => parts.portAt(RYLR_BAUD_RATE),
                clock: parts.clock,
                binary: parts.radio.binary,
            }),
    };
}
