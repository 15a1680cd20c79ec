/** A part of a register, as it is set and read back. */
export interface Field {
    /** For people. */
    readonly name: string;
    readonly register: number;
    readonly mask: number;
}

export interface Modes {
    readonly m0: boolean;
    readonly m1: boolean;
}

/** What differs between the families; everything else is the same code. */
export interface EbyteKind {
    readonly name: "E22" | "E220";
    /** Levels of M0 and M1 in which registers can be reached; both low is normal operation everywhere. */
    readonly configuring: Modes;
    /** Largest packets by their code in REG1, in bytes. */
    readonly subPacketSizes: readonly number[];
    /** What the module takes in at once, in bytes. */
    readonly bufferBytes: number;
    /** Air data rates by their code in REG0, in bits per second. */
    readonly airRatesBps: readonly number[];
    readonly hasNetworkId: boolean;
    /** Registers that can be read back; two more for the key follow them and can only be written. */
    readonly registerCount: number;
    /** Where REG0 is; the others follow. */
    readonly reg0: number;
    readonly fields: readonly Field[];
}

/** UART speeds by their code in REG0. */
export const BAUD_RATES: readonly number[] = [1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200];

/** Registers are read and written at this speed, 8N1, whatever REG0 says. */
export const CONFIG_BAUD_RATE = 9600;

function fieldsFrom(reg0: number): readonly Field[] {
    return [
        { name: "the UART speed", register: reg0, mask: 0xe0 },
        { name: "the parity", register: reg0, mask: 0x18 },
        { name: "the air data rate", register: reg0, mask: 0x07 },
        { name: "the sub-packet size", register: reg0 + 1, mask: 0xc0 },
        { name: "ambient RSSI", register: reg0 + 1, mask: 0x20 },
        { name: "the power", register: reg0 + 1, mask: 0x03 },
        { name: "the channel", register: reg0 + 2, mask: 0xff },
        { name: "the RSSI byte", register: reg0 + 3, mask: 0x80 },
        { name: "fixed mode", register: reg0 + 3, mask: 0x40 },
        { name: "listening before talking", register: reg0 + 3, mask: 0x10 },
        { name: "the WOR cycle", register: reg0 + 3, mask: 0x07 },
    ];
}

const ADDRESS_FIELDS: readonly Field[] = [
    { name: "the address (high byte)", register: 0, mask: 0xff },
    { name: "the address (low byte)", register: 1, mask: 0xff },
];

export const E22: EbyteKind = {
    name: "E22",
    configuring: { m0: false, m1: true },
    subPacketSizes: [240, 128, 64, 32],
    bufferBytes: 1000,
    airRatesBps: [300, 1200, 2400, 4800, 9600, 19_200, 38_400, 62_500],
    hasNetworkId: true,
    registerCount: 7,
    reg0: 3,
    fields: [
        ...ADDRESS_FIELDS,
        { name: "the network id", register: 2, mask: 0xff },
        ...fieldsFrom(3),
        { name: "the repeater", register: 6, mask: 0x20 },
        { name: "the WOR role", register: 6, mask: 0x08 },
    ],
};

export const E220: EbyteKind = {
    name: "E220",
    configuring: { m0: true, m1: true },
    subPacketSizes: [200, 128, 64, 32],
    bufferBytes: 400,
    airRatesBps: [2400, 2400, 2400, 4800, 9600, 19_200, 38_400, 62_500],
    hasNetworkId: false,
    registerCount: 6,
    reg0: 2,
    fields: [...ADDRESS_FIELDS, ...fieldsFrom(2)],
};

/** The RF front ends that EBYTE solders behind the same registers. */
export const BANDS = {
    "400": { firstHz: 410_125_000, channelMax: 83 },
    "900": { firstHz: 850_125_000, channelMax: 80 },
} as const;

export type Band = keyof typeof BANDS;

export const BAND_NAMES: readonly Band[] = ["400", "900"];

/** Power by its code in REG1, in dBm; the number in the model's name (T22, T30) says which. */
export const POWERS_DBM = { T22: [22, 17, 13, 10], T30: [30, 27, 24, 21] } as const;

export type PowerClass = keyof typeof POWERS_DBM;
