/** What AT+TEST=RFCFG sets. */
export interface RfConfig {
    readonly frequencyHz: number;
    readonly spreadingFactor: number;
    readonly kilohertz: number;
    readonly preamble: number;
    readonly receivePreamble: number;
    readonly powerDbm: number;
    readonly crc: string;
    readonly iq: string;
    readonly net: string;
}

export const RF_CONFIG_FACTORY: RfConfig = {
    frequencyHz: 868_000_000,
    spreadingFactor: 12,
    kilohertz: 125,
    preamble: 12,
    receivePreamble: 15,
    powerDbm: 14,
    crc: "ON",
    iq: "OFF",
    net: "OFF",
};

export const BAUD_RATES = [9600, 14_400, 19_200, 38_400, 57_600, 76_800, 115_200, 230_400];

const VALUES_MAX = 9;
const WRONG_VALUE = -1;
const WRONG_FORM = -11;
const TOO_MANY = -20;

/** The values after "RFCFG," as the module reads them, or its error number. What is left out stays as it was. */
export function rfConfigOf(text: string, now: RfConfig): RfConfig | number {
    const values = text.split(",").map((value) => value.trim());
    if (values.length > VALUES_MAX) return TOO_MANY;
    const [f = "", sf = "", bw = "", tx = "", rx = "", power = "", crc = now.crc, iq = now.iq, net = now.net] = values;
    if (!/^\d{1,10}(?:\.\d{1,6})?$/.test(f) || !/^SF\d{1,2}$/.test(sf)) return WRONG_FORM;
    if (![bw, tx, rx].every((value) => /^\d{1,5}$/.test(value)) || !/^-?\d{1,2}$/.test(power)) return WRONG_FORM;
    const config: RfConfig = {
        frequencyHz: Math.round(Number(f) * (Number(f) < 10_000 ? 1e6 : 1)),
        spreadingFactor: Number(sf.slice(2)),
        kilohertz: Number(bw),
        preamble: Number(tx),
        receivePreamble: Number(rx),
        powerDbm: Number(power),
        crc,
        iq,
        net,
    };
    return isPossible(config) ? config : WRONG_VALUE;
}

function isPossible({ frequencyHz, spreadingFactor, kilohertz, preamble, powerDbm, crc, iq, net }: RfConfig): boolean {
    return (
        frequencyHz >= 150e6 &&
        frequencyHz <= 960e6 &&
        spreadingFactor >= 7 &&
        spreadingFactor <= 12 &&
        [125, 250, 500].includes(kilohertz) &&
        preamble >= 1 &&
        powerDbm <= 22 &&
        [crc, iq, net].every((value) => value === "ON" || value === "OFF")
    );
}

export function rfConfigEcho(config: RfConfig): string {
    const { frequencyHz, spreadingFactor, kilohertz, preamble, receivePreamble, powerDbm, crc, iq, net } = config;
    const radio = `F:${frequencyHz}, SF${spreadingFactor}, BW${kilohertz}K, TXPR:${preamble}, RXPR:${receivePreamble}`;
    return `${radio}, POW:${powerDbm}dBm, CRC:${crc}, IQ:${iq}, NET:${net}`;
}
