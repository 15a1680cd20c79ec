import type { OpenLine } from "../../hw/gpio/gpio.ts";
import { openLine as systemLine } from "../../hw/gpio/open-line.ts";
import type { Modem } from "../../hw/modem.ts";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { withPowerCycle } from "../../hw/power/power-cycle.ts";
import type { Clock } from "../base/time.ts";
import type { Carrier } from "../carriers/carrier.ts";
import type { AirEvent } from "../carriers/lora/air-event.ts";
import { makeLoraCarrier } from "../carriers/lora/lora-carrier.ts";
import { estimateText } from "../link/estimate.ts";
import { AIRTIME_MEMORY_S, type AirtimeEntry, makeAirLaw } from "../link/ledger.ts";
import { findRegion, type RegionProfile } from "../link/region.ts";
import type { Config, RadioConfig, RadioLines } from "./config/config.ts";
import { systemEntropy } from "./entropy.ts";
import { addressOf, linkNumberOf } from "./link-number.ts";
import { networkKeysOf } from "./network-keys.ts";
import { networkMemory } from "./network-memory.ts";
import { radioObjections } from "./profiles/obedience.ts";
import { choiceOf, paramsForLaw } from "./radio-kinds/choice.ts";
import { RADIO_KIND_TABLE } from "./radio-kinds/registry.ts";
import { parsePortName } from "./serial/port-name.ts";
import { radioPort } from "./serial/radio-port.ts";
import type { RadioSurroundings } from "./station.ts";

export interface RadioParts {
    readonly radio: RadioConfig;
    readonly region: RegionProfile | undefined;
    readonly surroundings: RadioSurroundings;
    /** Instead of the serial device. */
    readonly port?: (baudRate: number) => BytePort;
    /** Instead of this machine's GPIO. */
    readonly openLine?: OpenLine;
    readonly onAir?: (event: AirEvent) => void;
}

/** A radio of the configuration as a carrier, with what earlier lives spent on the air taken into account. */
export function makeRadio({ radio, region, surroundings, port, openLine = systemLine, onAir }: RadioParts): Carrier {
    const { clock, depot, wall, identity } = surroundings;
    const choice = choiceOf(radio, region, addressOf(identity));
    const params = paramsForLaw(choice);
    const portAt = port ?? radioPort({ name: radio.port });
    const bare = RADIO_KIND_TABLE[radio.kind].makeModem({ ...choice, portAt, clock, openLine });
    const modem = withPower(bare, radio.lines, { clock, openLine });
    const law = makeAirLaw({ region, station: stationOf(radio, modem) });
    law.restore(depot.airtime.spent(radio.id, wall() - AIRTIME_MEMORY_S), {
        monotonic: clock.now().monotonic,
        wall: wall(),
    });
    const record = (entry: AirtimeEntry): Promise<void> =>
        depot.commit(() => {
            depot.airtime.record(radio.id, entry);
            depot.airtime.forgetBefore(radio.id, entry.at - AIRTIME_MEMORY_S);
        });
    return makeLoraCarrier({
        id: radio.id,
        modem,
        params,
        law,
        clock,
        entropy: systemEntropy,
        record,
        node: linkNumberOf(identity),
        linkState: {
            load: () => depot.links.load(radio.id),
            save: async (state) => {
                await depot.commit(() => depot.links.save(radio.id, state)).catch(() => false);
            },
        },
        network: radio.network && { keys: networkKeysOf(radio.network), memory: networkMemory(radio.id, depot) },
        emberChunks: radio.emberChunks,
        onAir: (event) => {
            logAir(radio.id, event, surroundings);
            onAir?.(event);
        },
    });
}

function withPower(
    modem: Modem,
    lines: RadioLines,
    parts: { readonly clock: Clock; readonly openLine: OpenLine },
): Modem {
    const { power, chip, isPowerOffHigh } = lines;
    if (power === undefined) return modem;
    const line = { line: power, ...(chip === undefined ? {} : { chip }) };
    return withPowerCycle(modem, { ...parts, line, isOffHigh: isPowerOffHigh });
}

function logAir(radio: string, event: AirEvent, { log }: RadioSurroundings): void {
    if (event.kind === "estimate")
        log.debug(`${radio} begins: ${estimateText(event.estimate)}`, { id: event.messageId });
    if (event.kind === "namesake")
        log.warn(`another gateway of the network has the number of ${radio}: give one of them another address`);
}

/** What module and region say against a configuration, each with the radio's name. */
export function radioProblems(config: Config): readonly string[] {
    const { region: name, radios } = config;
    const region = name === undefined ? undefined : findRegion(name);
    return radios.flatMap((radio) => problemsOf(radio, region).map((problem) => `radio ${radio.id}: ${problem}`));
}

function problemsOf(radio: RadioConfig, region: RegionProfile | undefined): readonly string[] {
    const name = parsePortName(radio.port);
    return name.ok ? radioObjections(radio, region) : [name.error];
}

function stationOf(radio: RadioConfig, { traits }: Pick<Modem, "traits">) {
    return { antennaGainDbi: radio.antennaGainDbi, listensBeforeTalk: traits.detectsChannelActivity };
}
