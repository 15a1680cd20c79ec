import type { LoraParams, Modem } from "../../../hw/modem.ts";
import type { Clock, Millis } from "../../base/time.ts";
import type { AirtimeReserve } from "../../link/airtime-book.ts";
import { ChannelUse } from "../../link/channel-use.ts";
import type { TransmitPermit } from "../../link/law.ts";
import { type AirLaw, type AirtimeEntry, START_MAX_MS } from "../../link/ledger.ts";
import { ChannelAccess, type Manners } from "./channel-access.ts";

/** Waits for the law shorter than this are not worth a word, in milliseconds. */
const WAIT_TOLD_MS = 2_000;

/** The wall clock was set when it moves against the monotonic one by more than this, in seconds. */
const WALL_JUMP_S = 2;

/** What a modem may take of the time from the permit to the first symbol, as hw/modem.ts says, in milliseconds. */
const MODEM_START_MAX_MS = 3_000;

/** So often a frame loses its permit to a slow disk or to somebody who began to talk; then it is given up. */
const ATTEMPTS_MAX = 8;

export interface TransmitterParts {
    readonly modem: Modem;
    readonly params: LoraParams;
    readonly law: AirLaw;
    readonly clock: Clock;
    /** For the pauses before a busy channel; from 0 up to 1. */
    readonly random: () => number;
    /** Resolves once the entry survives a power cut; rejects when it does not, and then nothing is sent. */
    readonly record: (entry: AirtimeEntry) => Promise<void>;
    /** Why the next frame has to wait, for people; undefined when that is over. */
    readonly onHindered: (why: string | undefined) => void;
}

export interface Wish {
    readonly frame: Uint8Array;
    /** What the frame leaves of the hour's budget for others. */
    readonly reserve: AirtimeReserve | undefined;
    /** Listens before it talks where the modem can, even where the law does not ask for it. */
    readonly isPolite: boolean;
}

/** Brings one frame at a time to the modem: finds the channel free, asks the law, writes the airtime down, then sends. */
export class Transmitter {
    readonly use = new ChannelUse();
    readonly #parts: TransmitterParts;
    readonly #access: ChannelAccess;
    /** Ends a wait for the law or the channel early. */
    #giveUp: (() => void) | undefined;
    /** Of the wall clock against the monotonic one, in seconds; what the journal's times are told by. */
    #wallOffset: number | undefined;
    #hindrance: string | undefined;
    /** Somebody may want an answer while the present frame, which leaves something for answers, waits for the law. */
    #isAskedForWay = false;
    #waitsForLaw = false;

    constructor(parts: TransmitterParts) {
        this.#parts = parts;
        this.#access = new ChannelAccess({
            ...parts,
            use: this.use,
            now: () => this.#now(),
            waitUntil: (at) => this.#waitUntil(at),
        });
    }

    /** True once the last symbol left the antenna, as far as the modem can tell. Never rejects. */
    async transmit({ frame, reserve, isPolite }: Wish): Promise<boolean> {
        const { modem, law, params } = this.#parts;
        const allowed = law.allowance(params);
        const manners = { demand: allowed.ok ? allowed.value.band.carrierSense : undefined, isPolite };
        for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
            if (!(await this.#access.waitForFree(manners))) return false;
            const permit = await this.#permit(modem.airtimeMs(frame.length), reserve);
            if (!permit) return false;
            const latest = this.#now() + START_MAX_MS - MODEM_START_MAX_MS;
            const isWritten = await this.#writeDown(permit.airtimeMs);
            if (isWritten && (await this.#isStillFree(manners, attempt)) && this.#now() <= latest)
                return await this.#send(frame, permit);
            law.takeBack(permit);
            if (!isWritten) return false;
        }
        this.#tell("the channel is never free for long, or the disk takes seconds for each entry");
        return false;
    }

    /** A frame of somebody else was on the air until now. */
    heard(airtimeMs: Millis): void {
        this.use.note(this.#now(), airtimeMs);
    }

    /** An answer, which has a budget of its own, may be due: a frame that waits for the other one is given up for it. */
    makeWay(): void {
        this.#isAskedForWay = true;
        if (this.#waitsForLaw) this.#giveUp?.();
    }

    /** A frame that waits for its permit or for the channel is given up. */
    cancel(): void {
        this.#giveUp?.();
    }

    /** Politeness has an end, the law has none. */
    async #isStillFree(manners: Manners, attempt: number): Promise<boolean> {
        if (manners.demand === undefined && attempt === ATTEMPTS_MAX) return true;
        return await this.#access.isFree(manners);
    }

    async #send(frame: Uint8Array, permit: TransmitPermit): Promise<boolean> {
        const { modem, law } = this.#parts;
        const sent = await modem.send(frame, permit);
        if (!sent.ok) return false;
        if (modem.traits.confirmsTransmission) law.ended(permit, this.#now());
        else await this.#sleep(permit.airtimeMs);
        this.use.note(this.#now(), permit.airtimeMs);
        return true;
    }

    async #permit(airtimeMs: Millis, reserve: AirtimeReserve | undefined): Promise<TransmitPermit | undefined> {
        const { law, params } = this.#parts;
        for (;;) {
            const answer = law.ask({ params, airtimeMs, reserve }, this.#now());
            if (answer.kind === "permit") return answer.permit;
            if (answer.kind === "never") return undefined;
            const waitMs = answer.until - this.#now();
            if (waitMs >= WAIT_TOLD_MS) this.#tell(`waiting for the duty cycle, ${Math.ceil(waitMs / 1000)} s`);
            // Asked a moment too early is asked too: the frame comes again.
            if (reserve && this.#isAskedForWay) {
                this.#isAskedForWay = false;
                return undefined;
            }
            this.#waitsForLaw = reserve !== undefined;
            const waited = await this.#waitUntil(answer.until);
            this.#waitsForLaw = false;
            this.#isAskedForWay = false;
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
            // Held against the first entry, so that many small steps do not go unnoticed.
            if (jumped) this.#wallOffset = offset;
            this.#wallOffset ??= offset;
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
        return new Promise((resolve) => void this.#parts.clock.schedule(this.#now() + ms, resolve));
    }

    #now(): Millis {
        return this.#parts.clock.now().monotonic;
    }
}
