import type { Clock } from "../../src/base/time.ts";
import { E22, E220, type EbyteKind } from "./kind.ts";
import type { EbyteWires } from "./pins.ts";
import type { PortAtSpeed } from "./session.ts";
import { type EbyteSettings, settingProblems } from "./settings.ts";

export interface EbyteOptions extends EbyteSettings {
    readonly label: string;
    readonly portAt: PortAtSpeed;
    readonly clock: Clock;
    /** Undefined: nothing but the UART is wired, and M0 and M1 are tied low. */
    readonly wires?: EbyteWires;
    /** Writes the settings to the module's flash, so that they outlive a power cut; default false. */
    readonly keepsSettings?: boolean;
    /** Without M0 and M1 nothing can be set or compared: true says that the module is set as described here. */
    readonly trustSettings?: boolean;
}

/** Everything that an E22 cannot do of what it is asked; empty when it can. */
export function e22SettingProblems(options: Omit<EbyteOptions, "portAt" | "clock" | "label">): readonly string[] {
    return problemsOf(E22, options);
}

/** As `e22SettingProblems`, for the E220. */
export function e220SettingProblems(options: Omit<EbyteOptions, "portAt" | "clock" | "label">): readonly string[] {
    return problemsOf(E220, options);
}

export function problemsOf(
    kind: EbyteKind,
    options: Omit<EbyteOptions, "portAt" | "clock" | "label">,
): readonly string[] {
    if (options.wires?.mode || options.trustSettings) return settingProblems(kind, options);
    const text = "M0 and M1 are not wired, so nothing can be set or compared: name their lines, or say trust_settings";
    return [...settingProblems(kind, options), text];
}
