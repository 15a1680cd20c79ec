import type { Result } from "../../src/base/result.ts";

/** A line of the board's header or of another GPIO chip. */
export interface LineRef {
    /**
     * Label ("pinctrl-rp1") or name ("gpiochip4") of the chip. Without it the chip behind the 40-pin header is looked
     * for by its label, because its number changes from board to board and from kernel to kernel.
     */
    readonly chip?: string;
    /** Offset inside the chip; on a Raspberry Pi the BCM number. */
    readonly line: number;
}

export type LineRequest = LineRef &
    (
        | { readonly direction: "in" }
        /** The level holds from the moment the line is taken. */
        | { readonly direction: "out"; readonly isHigh: boolean }
    );

export interface GpioError {
    readonly kind: "taken" | "forbidden" | "absent" | "failed";
    /** For people: what happened and what to do next. */
    readonly detail: string;
}

/** One line that nobody else can use until `close`, or until this process ends in whatever way. */
export interface GpioLine {
    /** For people, e.g. "gpiochip0 line 22". */
    readonly label: string;
    /** Only for outputs. Resolves when the level is there. */
    set(isHigh: boolean): Promise<Result<void, GpioError>>;
    /** The level as last known; for inputs it follows the wire within milliseconds. */
    readonly isHigh: boolean;
    /** Only for inputs: calls `listener` with each new level. The returned function ends that. */
    watch(listener: (isHigh: boolean) => void): () => void;
    /** Idempotent. What the wire does afterwards is up to the board. */
    close(): Promise<void>;
}

/** One way to GPIO: libgpiod's tools, sysfs, or a fake. */
export type OpenLine = (request: LineRequest) => Promise<Result<GpioLine, GpioError>>;

/** Labels of the chips behind the 40-pin header: Pi Zero to 3, Pi 4, Pi 5. */
export const HEADER_CHIP_LABELS: readonly string[] = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

export interface GpioChip {
    /** "gpiochip0" */
    readonly name: string;
    readonly label: string;
}

/** The chip that a reference means; undefined when there is none. */
export function chipOf({ chip }: LineRef, chips: readonly GpioChip[]): GpioChip | undefined {
    if (chip === undefined) return chips.find(({ label }) => HEADER_CHIP_LABELS.includes(label));
    return chips.find(({ name, label }) => chip === label || chip === name || chip === `/dev/${name}`);
}

export function noChip({ chip }: LineRef, chips: readonly GpioChip[]): GpioError {
    const found = chips.map(({ name, label }) => `${name} (${label})`).join(", ") || "none";
    const wanted = chip === undefined ? "no chip of a 40-pin header" : `no GPIO chip "${chip}"`;
    return { kind: "absent", detail: `${wanted} here; there are: ${found}` };
}

export function lineTaken(label: string, holder: string | undefined): GpioError {
    const who = holder === undefined ? "another program or driver" : `"${holder}"`;
    return { kind: "taken", detail: `${label} is held by ${who}: stop that, or wire another line` };
}

export function noRight(label: string): GpioError {
    return {
        kind: "forbidden",
        detail: `${label} may not be used: add this user to the group "gpio" and log in again`,
    };
}
