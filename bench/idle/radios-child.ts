import { makeE22 } from "../../hw/ebyte/driver.ts";
import { makeLoraE5 } from "../../hw/lora-e5/driver.ts";
import type { LoraParams, Modem } from "../../hw/modem.ts";
import { serialPort } from "../../hw/port/serial-port.ts";
import { makeRak3172 } from "../../hw/rak3172/driver.ts";
import { makeRnode } from "../../hw/rnode/driver.ts";
import { makeRylr998 } from "../../hw/rylr998/driver.ts";
import { systemClock } from "../../src/app/clock.ts";

/** Path of the serial port of each radio. */
export interface IdleTask {
    readonly rylr998: string;
    readonly rak3172: string;
    readonly loraE5: string;
    readonly rnode: string;
    readonly e22: string;
}

export type IdleNews = { readonly kind: "up" } | { readonly kind: "down"; readonly detail: string };

const PARAMS: LoraParams = {
    frequencyHz: 868_100_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};

const E22 = { frequencyHz: 868_125_000, airRateBps: 9_600, powerDbm: 13 } as const;

const parts = { clock: systemClock, params: PARAMS };
const portOf = (path: string) => (baudRate: number) => serialPort({ path, baudRate })();
const tell = (news: IdleNews): void => void process.send?.(news);

process.once("message", ({ rylr998, rak3172, loraE5, rnode, e22 }: IdleTask) => {
    const port = (): ReturnType<ReturnType<typeof portOf>> => portOf(rylr998)(115_200);
    run([
        makeRylr998({ ...parts, label: "RYLR998", port, address: 1, networkId: 18 }),
        makeRak3172({ ...parts, label: "RAK3172", port: portOf(rak3172) }),
        makeLoraE5({ ...parts, label: "LoRa-E5", port: portOf(loraE5) }),
        makeRnode({ ...parts, label: "RNode", port: () => portOf(rnode)(115_200) }),
        // Lines of a GPIO do not reach into this process.
        makeE22({ ...E22, label: "E22", portAt: portOf(e22), clock: systemClock, trustSettings: true }),
    ]);
});

function run(modems: readonly Modem[]): void {
    let up = 0;
    for (const modem of modems) {
        modem.start({
            onFrame: () => undefined,
            onUp: () => {
                if (++up === modems.length) tell({ kind: "up" });
            },
            onDown: ({ detail }) => tell({ kind: "down", detail }),
        });
    }
}
