import type { Air } from "../../hw/air/air.ts";
import { believedParams } from "../../hw/ebyte/airtime.ts";
import { makeE22, makeE220 } from "../../hw/ebyte/driver.ts";
import { makeE22Emulator, makeE220Emulator } from "../../hw/ebyte/emulator.ts";
import { FakeGpio } from "../../hw/gpio/fake.ts";
import { makeLoraE5 } from "../../hw/lora-e5/driver.ts";
import { LoraE5Emulator } from "../../hw/lora-e5/emulator.ts";
import { makeMeshcoreKiss } from "../../hw/meshcore-kiss/driver.ts";
import { MeshcoreKissEmulator } from "../../hw/meshcore-kiss/emulator.ts";
import type { LoraParams, Modem } from "../../hw/modem.ts";
import { makeRak3172 } from "../../hw/rak3172/driver.ts";
import { Rak3172Emulator } from "../../hw/rak3172/emulator.ts";
import { makeRnode } from "../../hw/rnode/driver.ts";
import { RnodeEmulator } from "../../hw/rnode/emulator.ts";
import { makeRylr998 } from "../../hw/rylr998/driver.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import type { RylrModelName } from "../../hw/rylr998/models.ts";
import type { Clock } from "../../src/base/time.ts";
import { AUX, M0, M1 } from "../support/ebyte-rig.ts";
import { AT_FAULTS, EBYTE_FAULTS, MESHCORE_FAULTS, RNODE_FAULTS } from "./faults.ts";
import type { Pluggable, Wire } from "./wires.ts";

/** A region whose law has no duty cycle, so that long runs end: what is looked at here is the radio. */
export const REGION = "IN865";

/** Fast, and inside of that region's band. */
const PARAMS: LoraParams = {
    frequencyHz: 865_062_500,
    spreadingFactor: 7,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};

/** The first channel of the module whose 500 kHz lie in the band. */
const EBYTE = { frequencyHz: 866_125_000, airRateBps: 62_500, powerDbm: 13, baudRate: 115_200 } as const;

export interface Place {
    readonly air: Air;
    readonly clock: Clock;
    /** Tells the devices on one air apart; from 1. */
    readonly number: number;
    readonly wire: (device: Pluggable) => Promise<Wire>;
}

/** A driver and the emulated device at the other end of its wire. */
export interface Station {
    readonly modem: Modem;
    /** What the law is asked with. */
    readonly params: LoraParams;
    readonly wire: Wire;
    /** Starts again by itself, as after a brown-out. */
    restart(): void;
    readonly faultNames: readonly string[];
    /** One of these faults instead of the last; without a name it behaves well again. */
    misbehave(fault?: string): void;
    /** Puts bytes on the line to the host at a wrong moment. */
    babble(bytes: Uint8Array): void;
}

export type MakeStation = (place: Place) => Promise<Station>;

/** Every kind of radio that there is a driver for. */
export const KINDS = {
    rylr998: rylr("rylr998", PARAMS, 18),
    rylr896: rylr("rylr896", PARAMS, 6),
    e22: ebyte("E22"),
    e220: ebyte("E220"),
    rak3172,
    "lora-e5": loraE5,
    rnode,
    "meshcore-kiss": meshcoreKiss,
} as const satisfies Readonly<Record<string, MakeStation>>;

export type KindName = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

function rylr(model: RylrModelName, params: LoraParams, networkId: number): MakeStation {
    return async ({ air, clock, number, wire: make }) => {
        const emulator = new Rylr998Emulator({ air, clock, model });
        const wire = await make(emulator);
        const settings = { params, address: number, networkId, model };
        const modem = makeRylr998({ label: `${model} ${number}`, port: () => wire.port(115_200), clock, ...settings });
        return { modem, params, wire, ...facultiesOf(emulator, AT_FAULTS), babble: (bytes) => emulator.babble(bytes) };
    };
}

async function rak3172({ air, clock, number, wire: make }: Place): Promise<Station> {
    const emulator = new Rak3172Emulator({ air, clock });
    const wire = await make(emulator);
    const modem = makeRak3172({ label: `rak3172 ${number}`, port: wire.port, clock, params: PARAMS });
    const babble = (bytes: Uint8Array): void => emulator.babble(bytes);
    return { modem, params: PARAMS, wire, ...facultiesOf(emulator, AT_FAULTS), babble };
}

async function loraE5({ air, clock, number, wire: make }: Place): Promise<Station> {
    const emulator = new LoraE5Emulator({ air, clock });
    const wire = await make(emulator);
    const modem = makeLoraE5({ label: `lora-e5 ${number}`, port: wire.port, clock, params: PARAMS });
    const babble = (bytes: Uint8Array): void => emulator.babble(bytes);
    return { modem, params: PARAMS, wire, ...facultiesOf(emulator, AT_FAULTS), babble };
}

async function rnode({ air, clock, number, wire: make }: Place): Promise<Station> {
    const emulator = new RnodeEmulator({ air, clock, seed: number });
    const wire = await make(emulator);
    const modem = makeRnode({ label: `rnode ${number}`, port: () => wire.port(115_200), clock, params: PARAMS });
    const babble = (bytes: Uint8Array): void => emulator.sayBytes(bytes);
    return { modem, params: PARAMS, wire, ...facultiesOf(emulator, RNODE_FAULTS), babble };
}

async function meshcoreKiss({ air, clock, number, wire: make }: Place): Promise<Station> {
    const emulator = new MeshcoreKissEmulator({ air, clock, seed: number });
    const wire = await make(emulator);
    const modem = makeMeshcoreKiss({ label: `mesh ${number}`, port: () => wire.port(115_200), clock, params: PARAMS });
    const babble = (bytes: Uint8Array): void => emulator.sayBytes(bytes);
    return { modem, params: PARAMS, wire, ...facultiesOf(emulator, MESHCORE_FAULTS), babble };
}

function ebyte(name: "E22" | "E220"): MakeStation {
    return async ({ air, clock, number, wire: make }) => {
        const gpio = new FakeGpio(clock);
        const pins = { m0: gpio.pin(M0), m1: gpio.pin(M1), aux: gpio.pin(AUX) };
        const emulator = (name === "E22" ? makeE22Emulator : makeE220Emulator)({ air, clock, pins });
        const wire = await make(emulator);
        const wires = { openLine: gpio.open, mode: { m0: { line: M0 }, m1: { line: M1 } }, aux: { line: AUX } };
        const options = { label: `${name} ${number}`, portAt: wire.port, clock, wires, ...EBYTE };
        const modem = (name === "E22" ? makeE22 : makeE220)(options);
        const babble = (bytes: Uint8Array): void => emulator.babble(bytes);
        return { modem, params: believedParams(EBYTE), wire, ...facultiesOf(emulator, EBYTE_FAULTS), babble };
    };
}

interface Emulator<Fault> {
    restart(): void;
    misbehave(faults: Partial<Fault>): void;
}

function facultiesOf<Fault>(emulator: Emulator<Fault>, faults: Readonly<Record<string, Partial<Fault>>>) {
    return {
        restart: () => emulator.restart(),
        faultNames: Object.keys(faults),
        misbehave: (name?: string) => emulator.misbehave(name === undefined ? {} : (faults[name] ?? {})),
    };
}
