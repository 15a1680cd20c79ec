import { openGpiodLine } from "../../../hw/gpio/gpiod.ts";

// Holds a line until somebody kills this process.
const line = await openGpiodLine({ line: 4, direction: "out", isHigh: true });
if (!line.ok) throw new Error(line.error.detail);
setInterval(() => undefined, 1_000);
