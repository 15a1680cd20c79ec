import { Air } from "../../hw/air/air.ts";
import type { Misbehaviour } from "../../hw/emulation/misbehaviour.ts";
import type { Modem } from "../../hw/modem.ts";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { Socket } from "./emulated-module.ts";
import type { ModemRig } from "./modem-contract.ts";
import { ModemDiary } from "./modem-diary.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What the emulators of AT modules have in common. */
export interface AtEmulator {
    plug(port: BytePort, hostBaudRate?: number): Promise<void>;
    unplug(): Promise<void>;
    misbehave(misbehaviour: Partial<Misbehaviour>): void;
    restart(): void;
    babble(bytes: Uint8Array): void;
}

export interface World {
    readonly clock: VirtualClock;
    readonly air: Air;
}

/** How to make driver and emulator of one kind. */
export interface AtKind<Emulator extends AtEmulator> {
    emulator(world: World): Emulator;
    modem(parts: {
        readonly label: string;
        readonly address: number;
        readonly port: (baudRate?: number) => BytePort;
        readonly clock: VirtualClock;
    }): Modem;
}

export function makeWorld(): World {
    const clock = new VirtualClock();
    return { clock, air: new Air({ clock, seed: 1 }) };
}

/** A started driver with its emulated module. */
export function station<Emulator extends AtEmulator>(kind: AtKind<Emulator>, world: World, address: number) {
    const socket = new Socket(kind.emulator(world));
    const modem = kind.modem({ label: `module ${address}`, address, port: socket.port, clock: world.clock });
    const diary = new ModemDiary();
    modem.start(diary.handlers);
    return { modem, diary, socket, emulator: socket.emulator };
}

/** For the contract of all modems. */
export function rigOf<Emulator extends AtEmulator>(kind: AtKind<Emulator>): ModemRig {
    const world = makeWorld();
    const [socket, peerSocket] = [new Socket(kind.emulator(world)), new Socket(kind.emulator(world))];
    const { clock } = world;
    return {
        clock,
        modem: kind.modem({ label: "module 1", address: 1, port: socket.port, clock }),
        peer: kind.modem({ label: "module 2", address: 2, port: peerSocket.port, clock }),
        unplug: () => socket.unplug(),
        plugIn: () => socket.plugIn(),
        silence: (isSilent) => socket.emulator.misbehave({ isSilent }),
    };
}
