import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import type { Modem } from "../../hw/modem.ts";
import { makeRnode, type RnodeOptions } from "../../hw/rnode/driver.ts";
import { RnodeEmulator, type RnodeEmulatorOptions } from "../../hw/rnode/emulator.ts";
import { PARAMS } from "../support/emulated-module.ts";
import { EmulatorSocket } from "../support/emulator-socket.ts";
import { modemContract } from "../support/modem-contract.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";
import { settled as settledOn } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

modemContract("an RNode", () => {
    const made = new VirtualClock();
    const shared = new Air({ clock: made, seed: 1 });
    const socketOf = (seed: number) => new EmulatorSocket(new RnodeEmulator({ air: shared, clock: made, seed }));
    const [socket, peerSocket] = [socketOf(1), socketOf(2)];
    const modemOf = ({ port }: EmulatorSocket<RnodeEmulator>): Modem =>
        makeRnode({ label: "board", port, clock: made, params: PARAMS });
    return {
        clock: made,
        modem: modemOf(socket),
        peer: modemOf(peerSocket),
        unplug: () => socket.unplug(),
        plugIn: () => socket.plugIn(),
        silence: (isSilent) => socket.emulator.misbehave({ isSilent }),
    };
});
