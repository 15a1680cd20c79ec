import type { GpioChip } from "./gpio.ts";

/** Major version of libgpiod's tools; their command lines differ. */
export type GpiodVersion = 1 | 2;

/** Of "gpioset (libgpiod) v1.6.3". */
export function versionIn(text: string): GpiodVersion | undefined {
    const major = /libgpiod\)?\s+v?(\d+)\./.exec(text)?.[1];
    return major === "1" ? 1 : major === "2" ? 2 : undefined;
}

/** Of lines such as "gpiochip0 [pinctrl-bcm2711] (58 lines)". */
export function chipsIn(text: string): readonly GpioChip[] {
    return [...text.matchAll(/^(gpiochip\d+) \[(.*)\] \(\d+ lines?\)/gm)].map(([, name = "", label = ""]) => ({
        name,
        label,
    }));
}

/**
 * Who holds a line, out of gpioinfo's text; undefined when nobody does. Version 1 writes the holder in quotes after the
 * line's name and ends with "[used]", version 2 writes `consumer="..."`.
 */
export function holderIn(text: string, line: number): string | undefined {
    const row = new RegExp(`^\\s*line\\s+${line}:\\s*(.*)$`, "m").exec(text)?.[1];
    if (row === undefined) return undefined;
    const consumer = /\bconsumer="?([^"]+?)"?\s*$/.exec(row)?.[1];
    if (consumer !== undefined) return consumer;
    if (!/\[used\]/.test(row)) return undefined;
    return /^(?:"[^"]*"|unnamed)\s+"?([^"\s]+)"?/.exec(row)?.[1] ?? "the kernel";
}

interface Place {
    readonly chip: string;
    readonly line: number;
}

export function infoCommand(version: GpiodVersion, chip: string): readonly string[] {
    return version === 1 ? ["gpioinfo", chip] : ["gpioinfo", "--chip", chip];
}

export function getCommand(version: GpiodVersion, { chip, line }: Place): readonly string[] {
    return version === 1 ? ["gpioget", chip, `${line}`] : ["gpioget", "--numeric", "--chip", chip, `${line}`];
}

/** Keeps the level until it is ended. */
export function holdCommand(version: GpiodVersion, { chip, line }: Place, isHigh: boolean): readonly string[] {
    const wanted = `${line}=${isHigh ? 1 : 0}`;
    return version === 1
        ? ["gpioset", "--mode=signal", chip, wanted]
        : ["gpioset", "--consumer", "hearth", "--chip", chip, wanted];
}

/** Prints one line for each edge; `edgeIn` reads it. */
export function watchCommand(version: GpiodVersion, { chip, line }: Place): readonly string[] {
    return version === 1
        ? ["gpiomon", "--line-buffered", "--format=%e", chip, `${line}`]
        : ["gpiomon", "--edges", "both", "--format", "%E", "--consumer", "hearth", "--chip", chip, `${line}`];
}

/** The level after an edge. */
export function edgeIn(text: string): boolean | undefined {
    const word = text.trim();
    if (word === "1" || word === "rising") return true;
    return word === "0" || word === "falling" ? false : undefined;
}
