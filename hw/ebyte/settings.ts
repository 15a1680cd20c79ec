import type { AirSettings } from "./airtime.ts";
import { BAND_NAMES, BANDS, BAUD_RATES, type Band, type EbyteKind, POWERS_DBM, type PowerClass } from "./kind.ts";

/** How the byte after each received packet tells its strength: newer modules 256 + dBm, those of 2018 twice -dBm. */
export type RssiByte = "none" | "offset" | "half";

/** What a module is set to; everything with a default is what both ends usually leave alone. */
export interface EbyteSettings extends AirSettings {
    /** Only the centres of the module's channels exist: 850.125 or 410.125 MHz and whole megahertz above. */
    readonly frequencyHz: number;
    /** 300 (E22 only), 1200 (E22 only), 2400, 4800, 9600, 19200, 38400 or 62500. */
    readonly airRateBps: number;
    /** What the antenna gets; one of four steps, see `powerClass`. */
    readonly powerDbm: number;
    /** Default "T22": 22, 17, 13 or 10 dBm; "T30": 30, 27, 24 or 21. */
    readonly powerClass?: PowerClass;
    /** 0..65535, default 0: those with the same address hear each other, 65535 hears and reaches all. */
    readonly address?: number;
    /** 0..255, default 0; E22 only. */
    readonly networkId?: number;
    /** 0..65535, default 0; both ends must agree. It can be written but never read back. */
    readonly key?: number;
    /** 1200..115200, default 9600: the speed outside of configuration. */
    readonly baudRate?: number;
    /** Largest packet in bytes; default the largest that the module has. */
    readonly subPacketSize?: number;
    /** Default "offset". */
    readonly rssiByte?: RssiByte;
    /** Fixed mode: each packet carries this destination before its data; without it the module is transparent. */
    readonly fixedTo?: { readonly address: number };
    /** The module listens before it talks, default false; it may then wait some seconds. */
    readonly listenBeforeTalk?: boolean;
}

/** With every default filled in. */
export type FullSettings = Required<Omit<EbyteSettings, "fixedTo">> & Pick<EbyteSettings, "fixedTo">;

export function filledIn(kind: EbyteKind, settings: EbyteSettings): FullSettings {
    const { frequencyHz, airRateBps, powerDbm, fixedTo } = settings;
    return {
        frequencyHz,
        airRateBps,
        powerDbm,
        powerClass: settings.powerClass ?? "T22",
        address: settings.address ?? 0,
        networkId: settings.networkId ?? 0,
        key: settings.key ?? 0,
        baudRate: settings.baudRate ?? 9600,
        subPacketSize: settings.subPacketSize ?? Math.max(...kind.subPacketSizes),
        rssiByte: settings.rssiByte ?? "offset",
        listenBeforeTalk: settings.listenBeforeTalk ?? false,
        ...(fixedTo ? { fixedTo } : {}),
    };
}

/** Everything that this module cannot do of what it is asked; empty when it can. */
export function settingProblems(kind: EbyteKind, settings: EbyteSettings): readonly string[] {
    const full = filledIn(kind, settings);
    const problems: string[] = [];
    const need = (holds: boolean, text: string): void => {
        if (!holds) problems.push(text);
    };
    const powers: readonly number[] = POWERS_DBM[full.powerClass];
    const rates = [...new Set(kind.airRatesBps)];
    need(
        placeOf(full.frequencyHz) !== undefined,
        "the frequency must be 850.125 MHz to 930.125 MHz or 410.125 MHz to 493.125 MHz in whole steps of 1 MHz",
    );
    need(rates.includes(full.airRateBps), `the air data rate must be one of ${rates.join(", ")}`);
    need(powers.includes(full.powerDbm), `the power must be ${powers.join(", ")} dBm`);
    need(isWord(full.address), "the address must be 0 to 65535");
    need(isWord(full.key), "the key must be 0 to 65535");
    need(full.fixedTo === undefined || isWord(full.fixedTo.address), "the destination must be 0 to 65535");
    need(
        kind.hasNetworkId
            ? Number.isInteger(full.networkId) && full.networkId >= 0 && full.networkId <= 255
            : settings.networkId === undefined,
        kind.hasNetworkId ? "the network id must be 0 to 255" : `an ${kind.name} has no network id`,
    );
    need(BAUD_RATES.includes(full.baudRate), `the baud rate must be one of ${BAUD_RATES.join(", ")}`);
    need(
        !full.listenBeforeTalk || full.baudRate >= 9600,
        "listening before talking needs 9600 baud or more: leave to send grows old within 3 s",
    );
    need(
        kind.subPacketSizes.includes(full.subPacketSize),
        `the sub-packet size must be ${kind.subPacketSizes.join(", ")}`,
    );
    return problems;
}

function isWord(value: number): boolean {
    return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

/** Band and channel of a frequency; undefined when no module has it. */
export function placeOf(frequencyHz: number): { readonly band: Band; readonly channel: number } | undefined {
    for (const band of BAND_NAMES) {
        const channel = (frequencyHz - BANDS[band].firstHz) / 1_000_000;
        if (Number.isInteger(channel) && channel >= 0 && channel <= BANDS[band].channelMax) return { band, channel };
    }
    return undefined;
}

export function channelOf({ frequencyHz }: { readonly frequencyHz: number }): number {
    return placeOf(frequencyHz)?.channel ?? 0;
}

/** All registers from address 0 on: those that can be read back, then the two of the key. */
export function registersOf(kind: EbyteKind, full: FullSettings): Uint8Array {
    const airRate = kind.airRatesBps.lastIndexOf(full.airRateBps);
    const power = (POWERS_DBM[full.powerClass] as readonly number[]).indexOf(full.powerDbm);
    const reg0 = (BAUD_RATES.indexOf(full.baudRate) << 5) | airRate;
    const reg1 = (kind.subPacketSizes.indexOf(full.subPacketSize) << 6) | AMBIENT_BIT | power;
    const reg3 =
        (full.rssiByte === "none" ? 0 : RSSI_BIT) |
        (full.fixedTo ? FIXED_BIT : 0) |
        (full.listenBeforeTalk ? LBT_BIT : 0) |
        FACTORY_WOR_CYCLE;
    return Uint8Array.of(
        full.address >> 8,
        full.address & 0xff,
        ...(kind.hasNetworkId ? [full.networkId] : []),
        reg0,
        reg1,
        channelOf(full),
        reg3,
        full.key >> 8,
        full.key & 0xff,
    );
}

export const AMBIENT_BIT = 0x20;
export const RSSI_BIT = 0x80;
export const FIXED_BIT = 0x40;
export const LBT_BIT = 0x10;
/** 2000 ms; it means nothing outside of the WOR modes. */
const FACTORY_WOR_CYCLE = 3;

/** What was read back and is not what was written, for people; undefined when all is well. */
export function differenceOf(kind: EbyteKind, wanted: Uint8Array, found: Uint8Array): string | undefined {
    for (const { name, register, mask } of kind.fields) {
        const [should, is] = [(wanted[register] ?? 0) & mask, (found[register] ?? 0) & mask];
        if (should === is) continue;
        return `${name} was set to ${hex(should)}, but the module says ${hex(is)} (register ${hex(register)})`;
    }
    return undefined;
}

function hex(value: number): string {
    return `${value.toString(16).toUpperCase().padStart(2, "0")}h`;
}

export function describe(kind: EbyteKind, full: FullSettings): string {
    const { frequencyHz, airRateBps, powerDbm, address, networkId } = full;
    const network = kind.hasNetworkId ? `, network ${networkId}` : "";
    return `${frequencyHz / 1e6} MHz, ${airRateBps / 1000}k on the air, ${powerDbm} dBm, address ${address}${network}`;
}
