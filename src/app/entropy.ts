import { randomFillSync } from "node:crypto";
import type { Entropy } from "../base/time.ts";

/** The operating system's randomness. */
export const systemEntropy: Entropy = {
    fill(target: Uint8Array): void {
        randomFillSync(target);
    },
};
