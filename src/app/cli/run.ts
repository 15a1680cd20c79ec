import { findRegion } from "../../link/region.ts";
import { systemClock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { radioOnPort } from "../config/config.ts";
import { radioFallbacks } from "../config/load.ts";
import { serveControl } from "../control/control-server.ts";
import { StatusBook } from "../control/status-book.ts";
import { type Log, makeLog } from "../log.ts";
import { makeRadio } from "../radios.ts";
import { lastingName, serialDevices } from "../serial/devices.ts";
import { openStation } from "../station.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import type { Terminal } from "./terminal.ts";

/** Serial devices that are taken for radios when nothing is configured. */
const AUTODETECTED_MAX = 2;

/** Runs the gateway until the process is told to end. */
export async function runGateway(
    options: SettingOptions & { readonly json?: boolean },
    terminal: Terminal,
): Promise<void> {
    const said = configFrom(options, terminal);
    const log = makeLog({
        level: said.logLevel,
        json: options.json === true,
        now: terminal.now,
        write: (line) => terminal.err(line.trimEnd()),
    });
    const config = withDetectedRadios(said);
    for (const { id, port } of config.radios.slice(said.radios.length)) {
        log.info(`no radio is configured: trying ${port} as a RYLR998`, { id });
    }
    if (config.radios.length === 0) sayWhatIsPluggedIn(log);
    if (config.region === undefined && config.radios.length > 0) {
        log.warn("no region is set, so nothing will be transmitted: set --region, e.g. --region EU868");
    }
    const region = config.region === undefined ? undefined : findRegion(config.region);
    const book = new StatusBook(config, systemClock);
    const station = await openStation({
        config,
        clock: systemClock,
        log,
        onEvent: (event) => book.onEvent(event),
        onAir: (carrier, event) => book.onAir(carrier, event),
        makeRadios: (surroundings) =>
            config.radios.map((radio) =>
                makeRadio({ radio, region, surroundings, onAir: (event) => book.onAir(radio.id, event) }),
            ),
    });
    const status = () => book.status(station.depot, station.mailboxUrl, station.wall());
    const control = await serveControl(config.dataDir, { status, neighbours: () => station.neighbours() }).catch(
        (cause: unknown) => {
            log.warn(`hearth status will not work: ${cause instanceof Error ? cause.message : cause}`);
            return undefined;
        },
    );
    terminal.out(
        options.json
            ? JSON.stringify({ mailbox: station.mailboxUrl, name: config.name })
            : `${config.name}: mailbox ${station.mailboxUrl}`,
    );
    await terminal.untilStopped();
    log.info("stopping");
    await control?.close();
    await station.stop();
}

/** An unknown device may be anything: it is not written to unless somebody names it. */
function sayWhatIsPluggedIn(log: Log): void {
    const names = serialDevices().map(lastingName);
    if (names.length === 0) return;
    log.warn(`no radio is configured; plugged in: ${names.join(", ")}. See hearth radio list and hearth radio setup`);
}

function withDetectedRadios(config: Config): Config {
    if (config.radios.length > 0 || !config.radioAutodetect) return config;
    const fallbacks = radioFallbacks();
    const radios = serialDevices()
        .slice(0, AUTODETECTED_MAX)
        .map((device, index) => radioOnPort(lastingName(device), `lora${index === 0 ? "" : index + 1}`, fallbacks));
    return { ...config, radios };
}
