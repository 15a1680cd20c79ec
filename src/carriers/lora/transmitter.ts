import type { LoraParams, Modem } from "../../../hw/modem.ts";
import type { Clock, Millis } from "../../base/time.ts";
import type { TransmitPermit } from "../../link/law.ts";
import type { AirLaw, AirtimeEntry } from "../../link/ledger.ts";

/** Waits for the law shorter than this are not worth a word, in milliseconds. */
const WAIT_TOLD_MS = 2_000;

/** The wall clock was set when it moves against the monotonic one by more than this, in seconds. */
const WALL_JUMP_S = 5;

export interface TransmitterParts {
    readonly modem: Modem;
    readonly params: LoraParams;
    readonly law: AirLaw;
    readonly clock: Clock;
    /** Resolves once the entry survives a power cut; rejects when it does not, and then nothing is sent. */
    readonly record: (entry: AirtimeEntry) => Promise<void>;
    /** Why the next frame has to wait, for people; undefined when that is over. */
    readonly onHindered: (why: string | undefined) => void;
}

/** Brings one frame at a time to the modem: asks the law, writes the airtime down, then sends. */
export class Transmitter {
    readonly #parts: TransmitterParts;
    /** Ends a wait for the law early. */
    #giveUp: (() => void) | undefined;
    #wallOffset: number | undefined;
    #hindrance: string | undefined;

    constructor(parts: TransmitterParts) {
        this.#parts = parts;
    }

    /** True once the last symbol left the antenna, as far as the modem can tell. Never rejects. */
    async transmit(frame: Uint8Array, keepFreeMs: Millis): Promise<boolean> {
        const { modem, law } = this.#parts;
        const permit = await this.#permit(modem.airtimeMs(frame.length), keepFreeMs);
        if (!permit) return false;
        if (!(await this.#writeDown(permit.airtimeMs))) {
            law.takeBack(permit);
            return false;
        }
        const sent = await modem.send(frame, permit);
        if (sent.ok && !modem.traits.confirmsTransmission) await this.#sleep(permit.airtimeMs);
        return sent.ok;
    }

    /** A frame that waits for its permit is given up. */
    cancel(): void {
        this.#giveUp?.();
    }

    async #permit(airtimeMs: Millis, keepFreeMs: Millis): Promise<TransmitPermit | undefined> {
        const { law, params, clock } = this.#parts;
        for (;;) {
            const answer = law.ask({ params, airtimeMs, keepFreeMs }, clock.now().monotonic);
            if (answer.kind === "permit") return answer.permit;
            if (answer.kind === "never") return undefined;
            const waitMs = answer.until - clock.now().monotonic;
            if (waitMs >= WAIT_TOLD_MS) this.#tell(`waiting for the duty cycle, ${Math.ceil(waitMs / 1000)} s`);
            const waited = await this.#waitUntil(answer.until);
            this.#tell(undefined);
            if (!waited) return undefined;
        }
    }

    async #writeDown(airtimeMs: Millis): Promise<boolean> {
        const { law, params, clock, record } = this.#parts;
        const { wall, monotonic } = clock.now();
        const offset = wall - monotonic / 1000;
        const jumped = Math.abs(offset - (this.#wallOffset ?? offset)) > WALL_JUMP_S;
        try {
            // Older entries carry a wall time that no longer holds, so all that counts is written again under the new one.
            await record({ at: wall, airtimeMs: jumped ? law.spentMs(params, monotonic) : airtimeMs });
            this.#wallOffset = offset;
            this.#tell(undefined);
            return true;
        } catch {
            this.#tell("airtime cannot be written down, so nothing is sent: see to the disk");
            return false;
        }
    }

    #tell(why: string | undefined): void {
        if (why === this.#hindrance) return;
        this.#hindrance = why;
        this.#parts.onHindered(why);
    }

    #waitUntil(at: Millis): Promise<boolean> {
        return new Promise((resolve) => {
            const cancel = this.#parts.clock.schedule(at, () => finish(true));
            const finish = (waited: boolean): void => {
                cancel();
                this.#giveUp = undefined;
                resolve(waited);
            };
            this.#giveUp = () => finish(false);
        });
    }

    #sleep(ms: Millis): Promise<void> {
        const { clock } = this.#parts;
        return new Promise((resolve) => void clock.schedule(clock.now().monotonic + ms, resolve));
    }
}
