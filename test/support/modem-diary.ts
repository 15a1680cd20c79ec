import type { ModemError, ReceivedFrame } from "../../hw/modem.ts";
import type { TransmitPermit } from "../../src/link/law.ts";

/** What a modem told its owner. */
export class ModemDiary {
    readonly frames: ReceivedFrame[] = [];
    readonly ups: string[] = [];
    readonly downs: ModemError[] = [];
    isUp = false;

    readonly handlers = {
        onFrame: (frame: ReceivedFrame): void => void this.frames.push(frame),
        onUp: (detail: string): void => {
            this.isUp = true;
            this.ups.push(detail);
        },
        onDown: (error: ModemError): void => {
            this.isUp = false;
            this.downs.push(error);
        },
    };
}

/** Only for tests of drivers: leave that no law gave. */
export function testPermit(airtimeMs = 60_000): TransmitPermit {
    return { airtimeMs } as TransmitPermit;
}
