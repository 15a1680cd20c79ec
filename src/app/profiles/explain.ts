import type { BoardProfile } from "../../../profiles/boards/index.ts";
import { boardFiles } from "../../../profiles/boards/index.ts";
import type { ModuleProfile } from "../../../profiles/modules/index.ts";
import type { PresetProfile } from "../../../profiles/presets/index.ts";
import { findRegion, type RegionBand, type RegionProfile, regionNames } from "../../link/region.ts";
import { RADIO_KINDS } from "../config/module-settings.ts";
import { moduleObjection, presetObjection } from "./obedience.ts";

/** A region's law for people. */
export function regionText(region: RegionProfile): string {
    const bands = region.bands.map((band) => `  ${bandText(band)}`);
    const sources = region.sources.map((source) => `  - ${source}`);
    const usual = `Gateways meet on ${region.usualFrequencyHz / 1e6} MHz unless something else is said.`;
    return [`${region.name}: ${region.title}`, usual, "Bands:", ...bands, "Sources:", ...sources].join("\n");
}

function bandText(band: RegionBand): string {
    const { fromHz, toHz, bandwidthsHz, powerMaxDbm, powerKind, dutyCycle, airtimeMaxMs, airtimePerPeriod, pauseMs } =
        band;
    const parts = [
        `${fromHz / 1e6} to ${toHz / 1e6} MHz at ${bandwidthsHz.map((hz) => hz / 1000).join(", ")} kHz`,
        `${powerMaxDbm} dBm ${powerKind}`,
        dutyCycle < 1 ? `${dutyCycle * 100} % of any hour` : "no duty cycle",
        ...(airtimeMaxMs === undefined ? [] : [`at most ${airtimeMaxMs} ms at once`]),
        ...(airtimePerPeriod
            ? [`at most ${airtimePerPeriod.airtimeMaxMs} ms in ${airtimePerPeriod.periodMs / 1000} s`]
            : []),
        ...(pauseMs === undefined ? [] : [`${pauseMs} ms of silence after each`]),
        ...(band.carrierSense
            ? [`listen ${band.carrierSense.minMs} ms below ${band.carrierSense.thresholdDbm} dBm first`]
            : []),
    ];
    return parts.join("; ");
}

/** A module for people, and where on earth it may be used. */
export function moduleText(module: ModuleProfile): string {
    const { name, title, bands, spreading, powersDbm, frameSizeMax, can, needs, sources } = module;
    const kind = RADIO_KINDS.find((each) => each === name);
    const laws = regionNames().map((each) => {
        const region = findRegion(each);
        const objection = kind && region ? moduleObjection(kind, region) : "unknown";
        return `  ${each.padEnd(8)}${objection === undefined ? "yes" : `no: ${objection}`}`;
    });
    return [
        `${name}: ${title}`,
        `  bands        ${bands.map((band) => `${band.fromHz / 1e6} to ${band.toHz / 1e6} MHz (${band.title})`).join(", ")}`,
        ...spreading.map(
            ({ bandwidthsHz, min, max }) =>
                `  SF${min} to SF${max}  at ${bandwidthsHz.map((hz) => hz / 1000).join(", ")} kHz`,
        ),
        `  power        ${Math.min(...powersDbm)} to ${Math.max(...powersDbm)} dBm, ${powersDbm.length} steps`,
        `  frame        ${frameSizeMax} bytes at most`,
        `  listens before it talks: ${yesNo(can.listenBeforeTalk)}; confirms what it sent: ${yesNo(can.confirmTransmission)}; tells the strength: ${yesNo(can.reportRssi)}`,
        ...needs.map((need) => `  needs        ${need}`),
        "May it be used, set up as is usual there?",
        ...laws,
        "Sources:",
        ...sources.map((source) => `  - ${source}`),
    ].join("\n");
}

export function boardText(board: BoardProfile): string {
    const { name, title, type, uart, gpioChip, module, lines = {}, notes, sources } = board;
    const wired = Object.entries(lines).map(([line, number]) => `${line.toUpperCase()} = BCM ${number}`);
    const partners = Object.values(boardFiles).filter((other) => other.type !== type);
    const names = partners.map((other) => (type === "hat" ? `${other.name}/${name}` : `${name}/${other.name}`));
    return [
        `${name}: ${title} (${type === "hat" ? "HAT" : type})`,
        ...(uart === undefined ? [] : [`  serial line of the header: ${uart}`]),
        ...(gpioChip === undefined ? [] : [`  chip of its lines: ${gpioChip}`]),
        ...(module === undefined ? [] : [`  kind = "${module}"`, `  lines: ${wired.join(", ") || "none"}`]),
        ...notes.map((note) => `  - ${note}`),
        `In the configuration: board = ${names.map((each) => `"${each}"`).join(" or ")}`,
        "Sources:",
        ...sources.map((source) => `  - ${source}`),
    ].join("\n");
}

/** A preset for people, with every region and every module that cannot have it. */
export function presetText(preset: PresetProfile): string {
    const { name, title, spreadingFactor, bandwidthHz, codingRate, preambleSymbols, regions } = preset;
    const laws = regionNames().map((each) => {
        const channel = regions[each];
        const objection = presetObjection(name, each);
        if (!channel || objection !== undefined) return `  ${each.padEnd(8)}no: ${objection ?? "not foreseen"}`;
        const refused = RADIO_KINDS.filter((kind) => presetObjection(name, each, kind) !== undefined);
        const without = refused.length > 0 ? `; not with ${refused.join(", ")}` : "";
        return `  ${each.padEnd(8)}${channel.frequencyHz / 1e6} MHz, ${channel.powerDbm} dBm${without}`;
    });
    const channel = `SF${spreadingFactor}, ${bandwidthHz / 1000} kHz, 4/${4 + codingRate}, preamble ${preambleSymbols}`;
    return [`${name}: ${title}`, `  ${channel}`, ...laws].join("\n");
}

function yesNo(flag: boolean): string {
    return flag ? "yes" : "no";
}
