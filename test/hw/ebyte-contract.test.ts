import { Air } from "../../hw/air/air.ts";
import { EbyteRig, type EbyteRigOptions } from "../support/ebyte-rig.ts";
import { modemContract } from "../support/modem-contract.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const WAYS: readonly (readonly [string, EbyteRigOptions])[] = [
    ["an E22 with M0, M1 and AUX", { kind: "E22" }],
    ["an E220 with M0, M1 and AUX", { kind: "E220" }],
    ["an E22 on a HAT without AUX", { kind: "E22", wired: "mode" }],
    [
        "an E220 in fixed mode, without RSSI, at 115200 baud, in small packets, without AUX",
        {
            kind: "E220",
            wired: "mode",
            fixedTo: { address: 0xffff },
            rssiByte: "none",
            baudRate: 115_200,
            subPacketSize: 128,
        },
    ],
    ["an E22 that listens before it talks", { kind: "E22", listenBeforeTalk: true, airRateBps: 62_500 }],
    [
        "an E22 set up beforehand, with AUX alone",
        { kind: "E22", wired: "aux", trustSettings: true, rssiByte: "none", airRateBps: 2400 },
    ],
];

for (const [name, options] of WAYS) {
    modemContract(name, () => {
        const clock = new VirtualClock();
        const air = new Air({ clock, seed: 1 });
        const [rig, peer] = [new EbyteRig(air, clock, options), new EbyteRig(air, clock, options)];
        return {
            clock,
            modem: rig.modem,
            peer: peer.modem,
            unplug: () => rig.unplug(),
            plugIn: () => rig.plugIn(),
            silence: (isSilent) => rig.emulator.misbehave({ isSilent }),
        };
    });
}
