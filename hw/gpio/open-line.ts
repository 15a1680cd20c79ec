import { err } from "../../src/base/result.ts";
import type { OpenLine } from "./gpio.ts";
import { hasGpiodTools, openGpiodLine } from "./gpiod.ts";
import { hasSysfsGpio, openSysfsLine } from "./sysfs.ts";

/** A line of this machine: by the character device where libgpiod's tools are, else by the kernel's old files. */
export const openLine: OpenLine = async (request) => {
    if (await hasGpiodTools()) return openGpiodLine(request);
    if (await hasSysfsGpio()) return openSysfsLine(request);
    return err({
        kind: "absent",
        detail: 'no way to GPIO here: install the package "gpiod" (its tools gpioset, gpioget and gpiomon are used)',
    });
};
