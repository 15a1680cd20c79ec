import { type AirSettings, believedParams } from "../../../hw/ebyte/airtime.ts";
import { makeE22, makeE220 } from "../../../hw/ebyte/driver.ts";
import { BANDS, CONFIG_BAUD_RATE, POWERS_DBM } from "../../../hw/ebyte/kind.ts";
import { type EbyteOptions, e22SettingProblems, e220SettingProblems } from "../../../hw/ebyte/options.ts";
import type { EbyteWires } from "../../../hw/ebyte/pins.ts";
import type { LineRef, OpenLine } from "../../../hw/gpio/gpio.ts";
import type { LoraParams, Modem } from "../../../hw/modem.ts";
import { err } from "../../base/result.ts";
import { bandFor, type RegionProfile } from "../../link/region.ts";
import type { RadioConfig, RadioLines } from "../config/config.ts";
import type { RadioChoice, RadioKind } from "./kind.ts";

type Settings = Omit<EbyteOptions, "portAt" | "clock" | "label">;

const USUAL_POWER_DBM_MAX = 14;

const nothingOpen: OpenLine = async () => err({ kind: "absent", detail: "no lines here" });

export const E22 = ebyte("EBYTE E22 (also Waveshare's SX1262 and SX1268 HATs)", e22SettingProblems, makeE22);
export const E220 = ebyte("EBYTE E220", e220SettingProblems, makeE220);

function ebyte(
    title: string,
    problemsOf: (settings: Settings) => readonly string[],
    make: (options: EbyteOptions) => Modem,
): RadioKind {
    return {
        title,
        baudRates: [CONFIG_BAUD_RATE],
        usualPowerDbm: ({ powerClass }) => {
            const powers: readonly number[] = POWERS_DBM[powerClass];
            return powers.find((each) => each <= USUAL_POWER_DBM_MAX) ?? Math.min(...powers);
        },
        usualFrequencyHz: nearestLawful,
        paramsForLaw: (radio, params) => believedAt(radio, params),
        settingProblems: (choice) => [
            ...problemsOf(settingsOf(choice, nothingOpen)),
            ...(hasHalfOfMode(choice.radio.lines) ? ["M0 and M1 come together: name both lines or none"] : []),
        ],
        makeModem: (parts) =>
            make({
                ...settingsOf(parts, parts.openLine),
                label: parts.radio.port,
                portAt: parts.portAt,
                clock: parts.clock,
            }),
    };
}

/** Modules hear those with their own address only, so all share one unless somebody says otherwise. */
function settingsOf({ radio, params }: RadioChoice, openLine: OpenLine): Settings {
    const wires = wiresOf(radio.lines, openLine);
    return {
        frequencyHz: params.frequencyHz,
        powerDbm: params.powerDbm,
        airRateBps: radio.airRateBps,
        powerClass: radio.powerClass,
        baudRate: radio.baudRate,
        rssiByte: radio.rssiByte,
        listenBeforeTalk: radio.listenBeforeTalk,
        keepsSettings: radio.keepsSettings,
        trustSettings: radio.trustSettings,
        ...(radio.address === undefined ? {} : { address: radio.address }),
        ...(radio.networkId === undefined ? {} : { networkId: radio.networkId }),
        ...(wires ? { wires } : {}),
    };
}

function wiresOf(lines: RadioLines, openLine: OpenLine): EbyteWires | undefined {
    const at = (line: number): LineRef => ({ line, ...(lines.chip === undefined ? {} : { chip: lines.chip }) });
    const { m0, m1, aux } = lines;
    if (m0 === undefined && m1 === undefined && aux === undefined) return undefined;
    return {
        openLine,
        ...(m0 !== undefined && m1 !== undefined ? { mode: { m0: at(m0), m1: at(m1) } } : {}),
        ...(aux !== undefined ? { aux: at(aux) } : {}),
    };
}

function hasHalfOfMode({ m0, m1 }: RadioLines): boolean {
    return (m0 === undefined) !== (m1 === undefined);
}

function believedAt(
    { airRateBps }: RadioConfig,
    { frequencyHz, powerDbm }: Omit<AirSettings, "airRateBps">,
): LoraParams {
    return believedParams({ frequencyHz, airRateBps, powerDbm });
}

/** The module's channels lie in steps of 1 MHz, and its wide ones fit few bands: the nearest to the usual place that the law allows. */
function nearestLawful(radio: RadioConfig, region: RegionProfile, powerDbm: number): number | undefined {
    const distance = (hz: number): number => Math.abs(hz - region.usualFrequencyHz);
    const channels = Object.values(BANDS)
        .flatMap(({ firstHz, channelMax }) =>
            Array.from({ length: channelMax + 1 }, (_, index) => firstHz + index * 1e6),
        )
        .sort((a, b) => distance(a) - distance(b));
    const station = { antennaGainDbi: radio.antennaGainDbi, listensBeforeTalk: true };
    const lawful = channels.find(
        (frequencyHz) => bandFor(region, believedAt(radio, { frequencyHz, powerDbm }), station).ok,
    );
    return lawful ?? channels[0];
}
