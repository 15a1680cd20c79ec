import { openLine } from "../../hw/gpio/open-line.ts";
import type { Modem, ModemTraits } from "../../hw/modem.ts";
import type { BytePort, BytePortFactory } from "../../hw/port/byte-port.ts";
import type { Carrier } from "../carriers/carrier.ts";
import { type AirEvent, makeLoraCarrier } from "../carriers/lora/lora-carrier.ts";
import type { Identity } from "../crypto/identity.ts";
import { AIRTIME_MEMORY_S, type AirtimeEntry, makeAirLaw } from "../link/ledger.ts";
import { findRegion, type RegionProfile } from "../link/region.ts";
import { systemClock } from "./clock.ts";
import type { Config, RadioConfig } from "./config/config.ts";
import { systemEntropy } from "./entropy.ts";
import { choiceOf, paramsForLaw } from "./radio-kinds/choice.ts";
import type { RadioChoice } from "./radio-kinds/kind.ts";
import { RADIO_KIND_TABLE } from "./radio-kinds/registry.ts";
import { parsePortName } from "./serial/port-name.ts";
import { radioPort } from "./serial/radio-port.ts";
import type { RadioSurroundings } from "./station.ts";

/** Any address that a module takes, for checks before its gateway has an identity. */
const SOME_ADDRESS = 1;

/** The link numbers gateways with 14 bits. */
const NODE_MASK = 0x3fff;

export interface RadioParts {
    readonly radio: RadioConfig;
    readonly region: RegionProfile | undefined;
    readonly surroundings: RadioSurroundings;
    /** Instead of the serial device. */
    readonly port?: BytePortFactory;
    readonly onAir?: (event: AirEvent) => void;
}

/** A radio of the configuration as a carrier, with what earlier lives spent on the air taken into account. */
export function makeRadio({ radio, region, surroundings, port, onAir }: RadioParts): Carrier {
    const { clock, depot, wall, identity } = surroundings;
    const choice = choiceOf(radio, region, addressOf(identity));
    const params = paramsForLaw(choice);
    const portAt = port ? () => port() : radioPort({ name: radio.port });
    const modem = RADIO_KIND_TABLE[radio.kind].makeModem({ ...choice, portAt, clock, openLine });
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
        node: addressOf(identity) & NODE_MASK,
        linkState: {
            load: () => depot.links.load(radio.id),
            save: async (state) => {
                await depot.commit(() => depot.links.save(radio.id, state)).catch(() => false);
            },
        },
        ...(onAir ? { onAir } : {}),
    });
}

/** What module and region say against a configuration, each with the radio's name. */
export function radioProblems(config: Config): readonly string[] {
    const { region: name, radios } = config;
    const region = name === undefined ? undefined : findRegion(name);
    return radios.flatMap((radio) => problemsOf(radio, region).map((problem) => `radio ${radio.id}: ${problem}`));
}

function problemsOf(radio: RadioConfig, region: RegionProfile | undefined): readonly string[] {
    const kind = RADIO_KIND_TABLE[radio.kind];
    const name = parsePortName(radio.port);
    if (!name.ok) return [name.error];
    const choice = choiceOf(radio, region, SOME_ADDRESS);
    const problems = kind.settingProblems(choice);
    if (problems.length > 0 || !region) return problems;
    const station = stationOf(radio, { traits: traitsOf(choice) });
    const allowed = makeAirLaw({ region, station }).allowance(paramsForLaw(choice));
    return allowed.ok ? [] : allowed.error;
}

/** Nothing is opened before a modem is started. */
function traitsOf(choice: RadioChoice): ModemTraits {
    const portAt = (): BytePort => {
        throw new Error("only its traits are wanted");
    };
    return RADIO_KIND_TABLE[choice.radio.kind].makeModem({ ...choice, portAt, clock: systemClock, openLine }).traits;
}

function stationOf(radio: RadioConfig, { traits }: Pick<Modem, "traits">) {
    return { antennaGainDbi: radio.antennaGainDbi, listensBeforeTalk: traits.detectsChannelActivity };
}

/** 1..65535, the same at every start and most likely different from the neighbours'. */
function addressOf(identity: Identity): number {
    const [high = 0, low = 0] = identity.publicId;
    return 1 + ((high * 256 + low) % 65_535);
}
