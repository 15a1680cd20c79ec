import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { Deliver, Dialect } from "../kiss/dialect.ts";
import { KissModem } from "../kiss/driver.ts";
import type { KissExchange } from "../kiss/exchange.ts";
import type { KissFrame } from "../kiss/framing.ts";
import type { CarrierSense, LoraParams, Modem, ModemError, ModemTraits } from "../modem.ts";
import type { BytePortFactory } from "../port/byte-port.ts";
import {
    HARDWARE,
    hardware,
    KISS,
    type MeshcoreKissSettings,
    meshcoreKissSettingProblems,
    PACKET_BYTES_MAX,
    preambleSymbolsOf,
    signed,
} from "./commands.ts";
import { ask, compareMeshcore, refusalIn, setUpMeshcore } from "./set-up.ts";

/** The firmware waits a moment after its USB was opened. */
const OPEN_WAIT_MS = 500;
/** The firmware's own limit. */
const KISS_SIZE_MAX = 512;
/** The modem does not begin while it receives, and what it has cannot be taken back. */
const CHANNEL_WAIT_MS = 15_000;
/** The measurement follows the packet at once; a packet without one is not kept back for longer. */
const MEASURED_MS = 200;

export interface MeshcoreKissOptions extends MeshcoreKissSettings {
    readonly label: string;
    readonly port: BytePortFactory;
    readonly clock: Clock;
}

/**
 * Drives one board with MeshCore's KISS modem firmware for as long as it lives. Throws on settings that it cannot have:
 * ask `meshcoreKissSettingProblems` beforehand.
 */
export function makeMeshcoreKiss(options: MeshcoreKissOptions): Modem {
    const problems = meshcoreKissSettingProblems(options);
    if (problems.length > 0) throw new RangeError(`${options.label}: ${problems.join("; ")}`);
    const { label, port, clock } = options;
    return new KissModem({ label, port, clock, dialect: (deliver) => new MeshcoreDialect(options, deliver) });
}

class MeshcoreDialect implements Dialect {
    readonly traits: ModemTraits = {
        frameSizeMax: PACKET_BYTES_MAX,
        reportsRssi: true,
        detectsChannelActivity: true,
        confirmsTransmission: true,
    };
    readonly kissSizeMax = KISS_SIZE_MAX;
    readonly openWaitMs = OPEN_WAIT_MS;
    readonly lastWords = [];
    readonly #options: MeshcoreKissOptions;
    readonly #deliver: Deliver;
    #params: LoraParams;
    /** A packet whose measurement has not come yet. */
    #received: { readonly bytes: Uint8Array; readonly cancel: () => void } | undefined;

    constructor(options: MeshcoreKissOptions, deliver: Deliver) {
        this.#options = options;
        this.#deliver = deliver;
        const preambleSymbols = preambleSymbolsOf(options.params.spreadingFactor);
        this.#params = { ...options.params, preambleSymbols };
    }

    airtimeMs(size: number): Millis {
        return loraAirtimeMs(this.#params, size);
    }

    async setUp(line: KissExchange): Promise<Result<string, ModemError>> {
        const found = await setUpMeshcore(line, this.#params);
        if (!found.ok) return found;
        const { version, preambleSymbols } = found.value;
        this.#params = { ...this.#params, preambleSymbols };
        return ok(`${describe(this.#params)}, MeshCore KISS modem firmware ${version}`);
    }

    async send(line: KissExchange, frame: Uint8Array): Promise<Result<void, ModemError>> {
        // A modem that started again unnoticed would send on the channel that it was built for.
        const still = await compareMeshcore(line, this.#params);
        if (!still.ok) return still;
        const name = "send a packet";
        return line.ask<void>({
            name,
            frames: [{ command: KISS.data, data: frame }],
            withinMs: this.airtimeMs(frame.length) + CHANNEL_WAIT_MS,
            answerOf: ({ command, data }) => {
                if (command !== KISS.hardware) return undefined;
                if (data[0] !== HARDWARE.sent) return refusalIn(name, data);
                return data[1] === 1 ? ok(undefined) : err({ kind: "refused", detail: `${name}: its radio failed` });
            },
        });
    }

    probe(line: KissExchange): Promise<Result<unknown, ModemError>> {
        return compareMeshcore(line, this.#params);
    }

    /** Looks again until it has listened for as long as is demanded; each look takes some milliseconds. */
    async channelIsFree(line: KissExchange, demand: CarrierSense | undefined): Promise<boolean | undefined> {
        const { clock } = this.#options;
        const until = clock.now().monotonic + (demand?.minMs ?? 0);
        do {
            const busy = await ask(line, "is the channel busy", hardware(HARDWARE.isBusy));
            if (!busy.ok) return undefined;
            if (busy.value[0] !== 0) return false;
            if (!demand) return true;
            const rssi = await ask(line, "how loud is the channel", hardware(HARDWARE.getRssi));
            if (!rssi.ok) return undefined;
            if (signed(rssi.value[0]) >= demand.thresholdDbm) return false;
        } while (clock.now().monotonic < until);
        return true;
    }

    hear({ command, data }: KissFrame): undefined {
        if (command === KISS.data) this.#keep(data);
        else if (command === KISS.hardware && data[0] === HARDWARE.received && data.length === 3)
            this.#handOver(signed(data[2]), signed(data[1]) / 4);
    }

    reset(): void {
        this.#received?.cancel();
        this.#received = undefined;
    }

    #keep(bytes: Uint8Array): void {
        this.#handOver(undefined, undefined);
        if (bytes.length === 0) return;
        const { clock } = this.#options;
        const late = (): void => this.#handOver(undefined, undefined);
        this.#received = { bytes, cancel: clock.schedule(clock.now().monotonic + MEASURED_MS, late) };
    }

    #handOver(rssiDbm: number | undefined, snrDb: number | undefined): void {
        const bytes = this.#received?.bytes;
        this.reset();
        if (bytes) this.#deliver({ bytes, rssiDbm, snrDb });
    }
}

function describe({ frequencyHz, spreadingFactor, bandwidthHz, powerDbm }: LoraParams): string {
    return `${frequencyHz / 1e6} MHz, SF${spreadingFactor}, ${bandwidthHz / 1000} kHz, ${powerDbm} dBm`;
}
