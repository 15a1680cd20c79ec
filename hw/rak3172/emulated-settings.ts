/** How firmware differs, as far as a host can see. */
export interface Rak3172Firmware {
    readonly version: string;
    readonly baudRate: number;
    /** RSSI and SNR before the data in the same line, or in a line of their own. */
    readonly packetForm: "one_line" | "two_lines";
    /** What AT+PRECV=65533 does: listens over transmissions, is refused, or is a window of 65.5 seconds. */
    readonly receivesAlways: "yes" | "refused" | "window";
    /** A window can be changed for another reception before it is over. */
    readonly windowGivesWay: boolean;
    /** Answers "AT+NAME=value", or the value alone. */
    readonly namesValues: boolean;
    readonly hasCad: boolean;
    /** Takes and tells the bandwidth as a number from 0. */
    readonly numbersBandwidths: boolean;
}

export const RAK3172_FIRMWARES = {
    "1.0.2": {
        version: "v1.0.2",
        baudRate: 9_600,
        packetForm: "two_lines",
        receivesAlways: "window",
        windowGivesWay: true,
        namesValues: false,
        hasCad: false,
        numbersBandwidths: false,
    },
    "1.0.4": {
        version: "v1.0.4",
        baudRate: 9_600,
        packetForm: "two_lines",
        receivesAlways: "window",
        windowGivesWay: false,
        namesValues: false,
        hasCad: false,
        numbersBandwidths: false,
    },
    "3.5.0": {
        version: "RUI_3.5.0_RAK3172-E",
        baudRate: 115_200,
        packetForm: "one_line",
        receivesAlways: "refused",
        windowGivesWay: true,
        namesValues: true,
        hasCad: false,
        numbersBandwidths: false,
    },
    "4.0.5": {
        version: "RUI_4.0.5_RAK3172-E",
        baudRate: 115_200,
        packetForm: "one_line",
        receivesAlways: "yes",
        windowGivesWay: true,
        namesValues: true,
        hasCad: true,
        numbersBandwidths: false,
    },
    "4.2.0": {
        version: "RUI_4.2.0_RAK3172-E",
        baudRate: 115_200,
        packetForm: "one_line",
        receivesAlways: "yes",
        windowGivesWay: true,
        namesValues: true,
        hasCad: true,
        numbersBandwidths: true,
    },
} as const satisfies Readonly<Record<string, Rak3172Firmware>>;

/** What the module keeps in its flash; everything it is told is kept there at once. */
export interface Rak3172State {
    /** 0 is point to point, 1 LoRaWAN. */
    readonly NWM: number;
    /** Frequency, spreading factor, bandwidth in kHz, coding rate from 0, preamble, power. */
    readonly P2P: readonly number[];
    readonly CAD: number;
    readonly ENCRY: number;
}

export const RAK3172_FACTORY: Rak3172State = { NWM: 1, P2P: [868_000_000, 7, 125, 0, 8, 14], CAD: 0, ENCRY: 0 };

const BANDWIDTHS_KHZ = [125, 250, 500];

/** The state after `AT+NAME=value`; "unknown" for a command that this firmware does not have. */
export function settingOf(
    name: string,
    value: string,
    firmware: Rak3172Firmware,
): Partial<Rak3172State> | "wrong" | "unknown" {
    const isSwitch = value === "0" || value === "1";
    switch (name) {
        case "NWM":
            return isSwitch ? { NWM: Number(value) } : "wrong";
        case "ENCRY":
            return isSwitch ? { ENCRY: Number(value) } : "wrong";
        case "CAD":
            if (!firmware.hasCad) return "unknown";
            return isSwitch ? { CAD: Number(value) } : "wrong";
        case "P2P":
            return p2pOf(value, firmware);
        default:
            return "unknown";
    }
}

export function settingText(name: string, state: Rak3172State, firmware: Rak3172Firmware): string | undefined {
    if (name === "VER") return firmware.version;
    if (name === "NWM" || name === "ENCRY") return String(state[name]);
    if (name === "CAD" && firmware.hasCad) return String(state.CAD);
    if (name !== "P2P") return undefined;
    const values = [...state.P2P];
    if (firmware.numbersBandwidths) values[2] = BANDWIDTHS_KHZ.indexOf(values[2] ?? 0);
    return values.join(":");
}

function p2pOf(value: string, firmware: Rak3172Firmware): Partial<Rak3172State> | "wrong" {
    if (!/^\d{1,9}(?::\d{1,5}){5}$/.test(value)) return "wrong";
    const values = value.split(":").map(Number);
    if (firmware.numbersBandwidths) values[2] = BANDWIDTHS_KHZ[values[2] ?? -1] ?? 0;
    const [frequency = 0, sf = 0, bandwidth = 0, codingRate = 0, preamble = 0, power = 0] = values;
    const fits =
        frequency >= 150_000_000 &&
        frequency <= 960_000_000 &&
        sf >= 6 &&
        sf <= 12 &&
        BANDWIDTHS_KHZ.includes(bandwidth) &&
        codingRate <= 3 &&
        preamble >= 5 &&
        preamble <= 65_535 &&
        power >= 5 &&
        power <= 22;
    return fits ? { P2P: values } : "wrong";
}
