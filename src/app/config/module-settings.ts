import * as v from "valibot";
import { between, flag, oneOf, type Setting, setting, text } from "./setting.ts";

/** What a radio can be; src/app/radio-kinds has one entry for each. */
export const RADIO_KINDS = [
    "rylr998",
    "rylr896",
    "rak3172",
    "lora-e5",
    "rnode",
    "meshcore-kiss",
    "e22",
    "e220",
] as const;

export type RadioKindName = (typeof RADIO_KINDS)[number];

const BANDWIDTHS_KHZ = [7.8, 10.4, 15.6, 20.8, 31.25, 41.7, 62.5, 125, 250, 500] as const;
const AIR_RATES_BPS = [300, 1200, 2400, 4800, 9600, 19_200, 38_400, 62_500] as const;
const BAUD_RATES = [1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200] as const;
const GPIO_LINE_MAX = 1023;

const gpioLine = between(0, GPIO_LINE_MAX);

function among(values: readonly number[]): v.GenericSchema<unknown> {
    return v.picklist(values, `one of ${values.join(", ")}`);
}

/** What one radio module is and is set to: settings of each [[radio]]. What a kind makes of them, it checks itself. */
export const MODULE_SETTINGS: readonly Setting[] = [
    setting("kind", "text", oneOf(RADIO_KINDS), `What the device is: ${RADIO_KINDS.join(", ")}.`, "rylr998"),
    setting("port", "text", text(4096), "/dev/serial/by-id/…, serial:NUMBER (of the USB device) or tcp://host:port."),
    setting(
        "board",
        "text",
        text(100),
        "Computer and HAT that carry the radio, e.g. pi-4/waveshare-sx126x: port and lines.",
    ),
    setting(
        "preset",
        "text",
        text(40),
        "A channel that islands agree on by name, e.g. valley; hearth profiles presets.",
    ),
    setting("address", "integer", between(0, 65_535), "The module's own address."),
    setting(
        "network_id",
        "integer",
        between(0, 255),
        "Modules hear only their own network. Default: the kind's usual one.",
    ),
    setting(
        "frequency_hz",
        "integer",
        between(137_000_000, 1_020_000_000),
        "Centre frequency; the region names a usual one.",
    ),
    setting("spreading_factor", "integer", between(5, 12), "5 to 12: each step is slower and reaches further.", 9),
    setting("bandwidth_khz", "number", among(BANDWIDTHS_KHZ), "Bandwidth in kHz.", 125),
    setting("coding_rate", "integer", between(1, 4), "1 to 4, meaning 4/5 to 4/8.", 1),
    setting("preamble_symbols", "integer", between(4, 65_535), "Length of the preamble.", 12),
    setting(
        "power_dbm",
        "integer",
        between(0, 30),
        "Power into the antenna in dBm. Default: 14, or the next below that law and module allow.",
    ),
    setting(
        "antenna_gain_dbi",
        "integer",
        between(-10, 20),
        "Gain of the antenna, counted against the region's limit.",
        2,
    ),
    setting(
        "binary",
        "boolean",
        flag,
        "RYLR: send raw bytes instead of base64: more room in a frame, not every firmware can.",
        false,
    ),
    setting("listen_before_talk", "boolean", flag, "RAK3172, E22, E220: the module itself listens first.", false),
    setting("air_rate", "integer", among(AIR_RATES_BPS), "E22, E220: bits per second on the air.", 9600),
    setting(
        "power_class",
        "text",
        oneOf(["T22", "T30"]),
        "E22, E220: which power steps it has, as in its name.",
        "T22",
    ),
    setting("baud_rate", "integer", among(BAUD_RATES), "E22, E220: speed of the serial line.", 9600),
    setting("rssi_byte", "text", oneOf(["none", "offset", "half"]), "E22, E220: how strengths are told.", "offset"),
    setting("trust_settings", "boolean", flag, "E22, E220 without M0 and M1: it is set as described here.", false),
    setting("keep_settings", "boolean", flag, "E22, E220: write the settings to the module's flash.", false),
    setting("m0_gpio", "integer", gpioLine, "E22, E220: line of M0 (BCM number)."),
    setting("m1_gpio", "integer", gpioLine, "E22, E220: line of M1."),
    setting("aux_gpio", "integer", gpioLine, "E22, E220: line of AUX."),
    setting("power_gpio", "integer", gpioLine, "Line that switches the module's power, for when nothing else helps."),
    setting("power_off_high", "boolean", flag, "The power is off while that line is high.", false),
    setting("gpio_chip", "text", text(100), "Chip of these lines. Default: the one of the 40-pin header."),
];
