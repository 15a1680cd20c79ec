import { makePrng } from "../../base/prng.ts";
import { findRegion } from "../../link/region.ts";
import { systemClock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { RADIO_KINDS, type RadioKindName } from "../config/module-settings.ts";
import { PairTest, type RateFigures } from "../radio-tools/pair-test.ts";
import { sharedRates, speakTheSame, type TestRadio } from "../radio-tools/rates.ts";
import { parsePortName } from "../serial/port-name.ts";
import { radioPort } from "../serial/radio-port.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";
import { oneOfWords, wholeNumber } from "./words.ts";

const FRAMES_MAX = 100;

type Options = SettingOptions & { readonly frames: string; readonly bandwidth: string; readonly json?: boolean };

/** Measures what two radios hear of each other. */
export async function testRadios(a: string, b: string, options: Options, terminal: Terminal): Promise<void> {
    const config = configFrom(options, terminal);
    const region = config.region === undefined ? undefined : findRegion(config.region);
    if (!region)
        throw new CommandError(
            "A test transmits, so the law of the air must be known: add --region, e.g. --region EU868.",
        );
    const radios = [testRadio(a, config), testRadio(b, config)] as const;
    if (!speakTheSame(radios[0].kind, radios[1].kind)) {
        throw new CommandError(`A ${radios[0].kind} and a ${radios[1].kind} do not understand each other on the air.`);
    }
    const frames = wholeNumber(options.frames, 1, FRAMES_MAX, "--frames");
    const bandwidthsHz = options.bandwidth.split(",").map((text) => wholeNumber(text, 7, 500, "--bandwidth") * 1000);
    const { rates, objection } = sharedRates(radios, region, bandwidthsHz);
    if (rates.length === 0)
        throw new CommandError(`There is no rate that both may use in ${region.name}: ${objection}.`);
    const test = new PairTest({
        region,
        clock: systemClock,
        portsAt: [radioPort({ name: radios[0].port }), radioPort({ name: radios[1].port })],
        frames,
        random: makePrng(terminal.now()),
    });
    const all: RateFigures[] = [];
    if (!options.json)
        terminal.out(`${region.name}, ${frames} frames of 24 bytes each way; A is ${a}, B is ${b}\n${HEAD}`);
    for (const rate of rates) {
        terminal.err(`${rate.name} …`);
        const figures = await test.run(rate);
        all.push(figures);
        terminal.out(options.json ? JSON.stringify(figures) : row(figures));
        if (figures.problem !== undefined && figures.there.sent === 0) break;
    }
    if (!options.json) terminal.out(summary(all));
    if (all.every(({ there, back }) => there.heard + back.heard === 0)) {
        throw new CommandError(`Nothing was heard${all[0]?.problem === undefined ? "" : `: ${all[0].problem}`}.`);
    }
}

/** "PORT" of a configured radio, or "KIND=PORT". */
function testRadio(text: string, config: Config): TestRadio {
    const [, word, rest] = /^([a-z0-9-]+)=(.+)$/.exec(text) ?? [];
    const port = rest ?? text;
    const name = parsePortName(port);
    if (!name.ok) throw new CommandError(name.error);
    const configured = config.radios.find((radio) => radio.port === port || radio.id === port);
    const kind: RadioKindName | undefined =
        word === undefined ? configured?.kind : oneOfWords(word, RADIO_KINDS, "the kind");
    if (!kind)
        throw new CommandError(
            `What kind of radio is ${port}? Say it as KIND=${port}; hearth radio probe ${port} may tell.`,
        );
    return { kind, port: configured?.port ?? port, configured };
}

const HEAD = "rate        A to B    RSSI   SNR   B to A    RSSI   SNR   round trip   airtime";

function row({ rate, problem, there, back, roundTripMs, frameAirtimeMs, airtimeMs }: RateFigures): string {
    const cells = [there, back].map(({ sent, heard, rssiDbm, snrDb }) =>
        [`${heard}/${sent}`.padStart(7), `${rssiDbm ?? "-"}`.padStart(7), `${snrDb ?? "-"}`.padStart(6)].join(" "),
    );
    const trip = roundTripMs === undefined ? "-" : `${roundTripMs} ms`;
    const line = `${rate.padEnd(9)} ${cells.join("  ")} ${trip.padStart(12)}   ${frameAirtimeMs} ms a frame, ${(airtimeMs / 1000).toFixed(1)} s`;
    return problem === undefined ? line : `${line}\n          ${problem}`;
}

function summary(all: readonly RateFigures[]): string {
    const airtimeS = all.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0) / 1000;
    return `Airtime of both: ${airtimeS.toFixed(1)} s. A gateway that starts within the hour does not know of it.`;
}
