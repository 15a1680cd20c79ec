import groveWioE5 from "./grove-wio-e5.json" with { type: "json" };
import pi3 from "./pi-3.json" with { type: "json" };
import pi4 from "./pi-4.json" with { type: "json" };
import pi5 from "./pi-5.json" with { type: "json" };
import piZero2w from "./pi-zero-2w.json" with { type: "json" };
import waveshareSx126x from "./waveshare-sx126x.json" with { type: "json" };
import wiredE22 from "./wired-e22.json" with { type: "json" };
import wiredE220 from "./wired-e220.json" with { type: "json" };
import wiredRak3172 from "./wired-rak3172.json" with { type: "json" };
import wiredRylr998 from "./wired-rylr998.json" with { type: "json" };

/** A computer with a 40-pin header, or what sits on it. In the configuration they stand together: pi-4/waveshare-sx126x. */
export interface BoardProfile {
    /** "computer" or "hat"; JSON knows texts only. */
    readonly type: string;
    readonly name: string;
    readonly title: string;
    /** Computer: the serial line on the header. */
    readonly uart?: string;
    /** Computer: label of the chip behind the header. */
    readonly gpioChip?: string;
    /** HAT: the kind of radio on it. */
    readonly module?: string;
    /** HAT: BCM numbers; what is absent is not wired. */
    readonly lines?: { readonly m0?: number; readonly m1?: number; readonly aux?: number; readonly power?: number };
    readonly notes: readonly string[];
    readonly sources: readonly string[];
}

/** Every computer and every HAT by its name. */
export const boardFiles: Readonly<Record<string, BoardProfile>> = {
    "grove-wio-e5": groveWioE5,
    "pi-3": pi3,
    "pi-4": pi4,
    "pi-5": pi5,
    "pi-zero-2w": piZero2w,
    "waveshare-sx126x": waveshareSx126x,
    "wired-e22": wiredE22,
    "wired-e220": wiredE220,
    "wired-rak3172": wiredRak3172,
    "wired-rylr998": wiredRylr998,
};
