import type { CarrierSense, LoraParams } from "../../hw/modem.ts";
import { regionFiles } from "../../profiles/regions/index.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Millis } from "../base/time.ts";

/** An isotropic antenna is this much weaker than the dipole that ERP is told against, in dB. */
const DIPOLE_GAIN_DB = 2.15;

/** What one country or treaty allows on the air; data from `profiles/regions`. */
export interface RegionProfile {
    readonly name: string;
    readonly title: string;
    /** Where the numbers come from, for the operator who has to answer for them. */
    readonly sources: readonly string[];
    /** The frequency that gateways of this region meet on when nothing else is configured. */
    readonly usualFrequencyHz: number;
    /** Bands may overlap as long as no bandwidth fits two of them at one place. */
    readonly bands: readonly RegionBand[];
}

export interface RegionBand {
    readonly name: string;
    readonly fromHz: number;
    readonly toHz: number;
    readonly bandwidthsHz: readonly number[];
    /** Radiated power in dBm. */
    readonly powerMaxDbm: number;
    /** What that power is told against: a dipole (ERP) or an isotropic antenna (EIRP). */
    readonly powerKind: "ERP" | "EIRP";
    /** Share of any hour that may be spent sending, 0 < share <= 1; 1 means no such limit. */
    readonly dutyCycle: number;
    /** Longest single transmission ("dwell time") in milliseconds. */
    readonly airtimeMaxMs?: Millis;
    /** Most airtime on one channel in any period of this length, shorter than an hour. */
    readonly airtimePerPeriod?: { readonly airtimeMaxMs: Millis; readonly periodMs: Millis };
    /** Silence after each transmission in milliseconds. */
    readonly pauseMs?: Millis;
    /** Where nobody may transmit without having listened first: how. */
    readonly carrierSense?: CarrierSense;
}

/** What the law must know about a radio station besides its LoRa parameters. */
export interface Station {
    readonly antennaGainDbi: number;
    /** Whether the modem listens before it talks. */
    readonly listensBeforeTalk: boolean;
}

/** Finds the band of a region that the parameters lie in, or says everything that is wrong with them. */
export function bandFor(
    region: RegionProfile,
    params: LoraParams,
    station: Station,
): Result<RegionBand, readonly string[]> {
    const band = region.bands.find((each) => holds(each, params) && each.bandwidthsHz.includes(params.bandwidthHz));
    if (!band) return err([placeProblem(region, params)]);
    const problems = [...powerProblems(band, params, station), ...listenProblems(band, station)].map(
        (text) => `${region.name}, band ${band.name}: ${text}`,
    );
    return problems.length > 0 ? err(problems) : ok(band);
}

export function regionNames(): readonly string[] {
    return Object.keys(regionFiles);
}

/** The profile of that name; undefined when there is none. Throws when its file is wrong, which a test rules out. */
export function findRegion(name: string): RegionProfile | undefined {
    const file = Object.hasOwn(regionFiles, name) ? regionFiles[name] : undefined;
    if (file === undefined) return undefined;
    const problems = profileProblems(name, file);
    if (problems.length > 0) throw new Error(`region profile ${name}: ${problems.join("; ")}`);
    return file;
}

/** Everything that is wrong with a profile's data. */
export function profileProblems(name: string, profile: RegionProfile): readonly string[] {
    const problems: string[] = [];
    if (profile.name !== name) problems.push(`is called "${profile.name}"`);
    if (profile.title.length === 0) problems.push("has no title");
    if (profile.sources.length === 0) problems.push("names no source");
    if (profile.bands.length === 0) problems.push("has no band");
    if (!profile.bands.some((band) => inside(band, profile.usualFrequencyHz, profile.usualFrequencyHz)))
        problems.push("the usual frequency lies in no band");
    for (const band of profile.bands) problems.push(...bandProblems(band).map((text) => `band ${band.name}: ${text}`));
    for (const [index, band] of profile.bands.entries()) {
        const clash = profile.bands.slice(index + 1).find((other) => clashes(band, other));
        if (clash) problems.push(`bands ${band.name} and ${clash.name} overlap for one bandwidth`);
    }
    return problems;
}

function bandProblems(band: RegionBand): readonly string[] {
    const { fromHz, toHz, dutyCycle, airtimeMaxMs, pauseMs, powerMaxDbm, powerKind, bandwidthsHz } = band;
    const { airtimePerPeriod: period, carrierSense: sense } = band;
    const checks: readonly (readonly [good: boolean, problem: string])[] = [
        [Number.isSafeInteger(fromHz) && Number.isSafeInteger(toHz) && 0 < fromHz && fromHz < toHz, "no such range"],
        [bandwidthsHz.length > 0 && bandwidthsHz.every((each) => each > 0), "no bandwidth"],
        [bandwidthsHz.every((each) => each <= toHz - fromHz), "a bandwidth is wider than the band"],
        [dutyCycle > 0 && dutyCycle <= 1, "a duty cycle lies above 0 and at most at 1"],
        [airtimeMaxMs === undefined || airtimeMaxMs > 0, "a dwell time is above 0 ms"],
        [pauseMs === undefined || pauseMs > 0, "a pause is above 0 ms"],
        [!period || (0 < period.airtimeMaxMs && period.airtimeMaxMs < period.periodMs), "a period holds some airtime"],
        [!period || period.periodMs < 3_600_000, "a period is shorter than the hour of the duty cycle"],
        [!sense || (sense.minMs > 0 && sense.thresholdDbm < 0), "one listens above 0 ms for less than 0 dBm"],
        [powerMaxDbm >= -20 && powerMaxDbm <= 40, "a power lies between -20 and 40 dBm"],
        [powerKind === "ERP" || powerKind === "EIRP", "a power is ERP or EIRP"],
    ];
    return checks.filter(([good]) => !good).map(([, problem]) => problem);
}

function clashes(a: RegionBand, b: RegionBand): boolean {
    const shared = a.bandwidthsHz.some((each) => b.bandwidthsHz.includes(each));
    return shared && a.fromHz < b.toHz && b.fromHz < a.toHz;
}

/** The whole channel must lie in the band, not just its centre. */
function holds(band: RegionBand, { frequencyHz, bandwidthHz }: LoraParams): boolean {
    return inside(band, frequencyHz - bandwidthHz / 2, frequencyHz + bandwidthHz / 2);
}

function inside(band: RegionBand, fromHz: number, toHz: number): boolean {
    return band.fromHz <= fromHz && toHz <= band.toHz;
}

function placeProblem(region: RegionProfile, params: LoraParams): string {
    const wanted = `${megahertz(params.frequencyHz)} with ${params.bandwidthHz / 1000} kHz`;
    const allowed = region.bands
        .map((band) => `${megahertz(band.fromHz)} to ${megahertz(band.toHz)} (${band.bandwidthsHz.map(kilohertz)} kHz)`)
        .join(", ");
    return `${region.name} does not allow ${wanted}; the whole channel must lie in one of: ${allowed}`;
}

function powerProblems(band: RegionBand, { powerDbm }: LoraParams, { antennaGainDbi }: Station): readonly string[] {
    const loss = band.powerKind === "ERP" ? DIPOLE_GAIN_DB : 0;
    const most = band.powerMaxDbm - antennaGainDbi + loss;
    if (powerDbm <= most) return [];
    return [
        `${powerDbm} dBm with an antenna of ${antennaGainDbi} dBi is above ${band.powerMaxDbm} dBm ${band.powerKind}; set the power to ${Math.floor(most)} dBm or less`,
    ];
}

function listenProblems(band: RegionBand, station: Station): readonly string[] {
    if (band.carrierSense === undefined || station.listensBeforeTalk) return [];
    const { minMs, thresholdDbm } = band.carrierSense;
    return [`everybody must listen before talking here (${minMs} ms below ${thresholdDbm} dBm), and this modem cannot`];
}

function megahertz(hz: number): string {
    return `${hz / 1_000_000} MHz`;
}

function kilohertz(hz: number): string {
    return String(hz / 1000);
}
