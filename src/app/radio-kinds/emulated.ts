import type { Air } from "../../../hw/air/air.ts";
import { makeE22Emulator, makeE220Emulator } from "../../../hw/ebyte/emulator.ts";
import { E22, E220, type EbyteKind } from "../../../hw/ebyte/kind.ts";
import { filledIn, placeOf, registersOf } from "../../../hw/ebyte/settings.ts";
import { LoraE5Emulator } from "../../../hw/lora-e5/emulator.ts";
import { MeshcoreKissEmulator } from "../../../hw/meshcore-kiss/emulator.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import { Rak3172Emulator } from "../../../hw/rak3172/emulator.ts";
import { RnodeEmulator } from "../../../hw/rnode/emulator.ts";
import { Rylr998Emulator } from "../../../hw/rylr998/emulator.ts";
import type { Clock } from "../../base/time.ts";
import type { RadioKindName } from "../config/module-settings.ts";
import { AT_FAULTS, EBYTE_FAULTS, type Fault, MESHCORE_FAULTS, RNODE_FAULTS } from "./faults.ts";
import type { RadioChoice } from "./kind.ts";

/** An emulated device of any kind. */
export interface EmulatedRadio {
    /** `port` is the device's end of the line. */
    plug(port: BytePort): Promise<void>;
    unplug(): Promise<void>;
    /** Undefined: it behaves well again. */
    misbehave(fault: Fault | undefined): void;
    restart(): void;
    /** Says something that nobody asked for. */
    babble(bytes: Uint8Array): void;
}

export interface EmulationParts {
    readonly air: Air;
    readonly clock: Clock;
    readonly seed: number;
    /** What it is set to already, where the kind has no way to be set over its line alone. */
    readonly choice: RadioChoice;
}

/** An emulator of the kind, from its own folder in hw. */
export function emulatedRadio(kind: RadioKindName, { air, clock, seed, choice }: EmulationParts): EmulatedRadio {
    const parts = { air, clock };
    switch (kind) {
        case "rylr998":
        case "rylr896":
            return emulatedAt(new Rylr998Emulator({ ...parts, model: kind }), AT_FAULTS.rylr);
        case "rak3172":
            return emulatedAt(new Rak3172Emulator(parts), AT_FAULTS.rak3172);
        case "lora-e5":
            return emulatedAt(new LoraE5Emulator(parts), AT_FAULTS.loraE5);
        case "rnode":
            return emulatedKiss(new RnodeEmulator({ ...parts, seed }), RNODE_FAULTS);
        case "meshcore-kiss":
            return emulatedKiss(new MeshcoreKissEmulator({ ...parts, seed }), MESHCORE_FAULTS);
        case "e22":
            return emulatedEbyte(E22, parts, choice);
        case "e220":
            return emulatedEbyte(E220, parts, choice);
    }
}

interface Device<Misbehaviour> {
    plug(port: BytePort): Promise<void>;
    unplug(): Promise<void>;
    restart(): void;
    misbehave(misbehaviour: Partial<Misbehaviour>): void;
}

type Faults<Misbehaviour> = Readonly<Record<Fault, Partial<Misbehaviour>>>;

function emulatedAt<M>(device: Device<M> & Pick<EmulatedRadio, "babble">, faults: Faults<M>): EmulatedRadio {
    return { ...common(device, faults), babble: (bytes) => device.babble(bytes) };
}

function emulatedKiss<M>(device: Device<M> & { sayBytes(bytes: Uint8Array): void }, faults: Faults<M>): EmulatedRadio {
    return { ...common(device, faults), babble: (bytes) => device.sayBytes(bytes) };
}

/** M0 and M1 are not wired through a pseudo-terminal, so it is set already. */
function emulatedEbyte(
    kind: EbyteKind,
    parts: { readonly air: Air; readonly clock: Clock },
    choice: RadioChoice,
): EmulatedRadio {
    const { radio, params } = choice;
    const { airRateBps, powerClass, baudRate, rssiByte } = radio;
    const settings = { ...params, airRateBps, powerClass, baudRate, rssiByte };
    const registers = registersOf(kind, filledIn(kind, settings));
    const band = placeOf(params.frequencyHz)?.band ?? "900";
    const make = kind === E22 ? makeE22Emulator : makeE220Emulator;
    const device = make({ ...parts, registers, band, ...(rssiByte === "none" ? {} : { rssiByte }) });
    let line: BytePort | undefined;
    let hasPower = true;
    return {
        ...common(device, EBYTE_FAULTS),
        async plug(port) {
            line = port;
            // Its power comes from the board, not from the line.
            if (!hasPower) device.powerOn();
            hasPower = true;
            await device.plug(port);
        },
        async unplug() {
            hasPower = false;
            await device.unplug();
        },
        babble: (bytes) => void line?.write(bytes).catch(() => undefined),
    };
}

function common<M>(device: Device<M>, faults: Faults<M>): Omit<EmulatedRadio, "babble"> {
    return {
        plug: (port) => device.plug(port),
        unplug: () => device.unplug(),
        restart: () => device.restart(),
        misbehave: (fault) => device.misbehave(fault === undefined ? {} : faults[fault]),
    };
}
