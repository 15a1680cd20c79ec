import type { Millis } from "../../base/time.ts";
import type { PolledBlock } from "../frame/control.ts";
import type { RepairFrame, SourceFrame } from "../frame/frame.ts";
import { SLOTS } from "../frame/limits.ts";
import { Assembly } from "./assembly.ts";
import type { KeptAssembly } from "./snapshot.ts";

/** Transfers half heard from senders whose alias is tied to nobody; they push out only each other. */
export const STRANGERS_MAX = 8;

/** Transfers half heard whose sender went on to other things, kept until it comes back. */
export const PARKED_MAX = 32;

/** A transfer that gained nothing for so long is forgotten, in milliseconds. */
export const ASSEMBLY_AGE_MS = 24 * 3_600_000;

/** A transfer that gained something this recently is not given up for a frame that contradicts it, in milliseconds. */
const TRUSTED_MS = 60_000;

/** The end of a transfer is tied to its slot for so long, in milliseconds. */
const CLOSED_MS = 10 * 60_000;

/** Slots this far behind a sender's newest are old: senders keep fewer open. */
const WINDOW = SLOTS / 2;

interface Closed {
    readonly check: number;
    readonly count: number;
    readonly at: Millis;
}

export type Found =
    | { readonly kind: "open"; readonly assembly: Assembly }
    /** That transfer is over; `check` names its block. */
    | { readonly kind: "closed"; readonly check: number }
    | { readonly kind: "misfit" };

/**
 * All transfers that are half here: at most WINDOW of each alias, each of at most 32 symbols, so that 16 aliases hold 2 MiB
 * at the largest frames and 0.9 MiB at LoRa's.
 */
export class Assemblies {
    readonly #open = new Map<number, Assembly>();
    readonly #closed = new Map<number, Closed>();
    /** The one that gained nothing for longest first. */
    readonly #parked = new Map<number, Assembly>();
    readonly #isKnown: (alias: number) => boolean;

    constructor(isKnown: (alias: number) => boolean) {
        this.#isKnown = isKnown;
    }

    /** For figures and tests. */
    get fill(): { readonly open: number; readonly parked: number; readonly bytes: number } {
        let bytes = 0;
        for (const { size } of [...this.#open.values(), ...this.#parked.values()]) bytes += size;
        return { open: this.#open.size, parked: this.#parked.size, bytes };
    }

    all(): readonly Assembly[] {
        return [...this.#parked.values(), ...this.#open.values()];
    }

    at(alias: number, slot: number): Assembly | undefined {
        return this.#open.get(keyOf(alias, slot));
    }

    /** The transfer that a frame belongs to, a new one if need be. */
    find(frame: SourceFrame | RepairFrame, now: Millis): Found {
        const key = keyOf(frame.alias, frame.slot);
        const closed = this.#closed.get(key);
        if (closed && closed.count === frame.count && now < closed.at + CLOSED_MS)
            return { kind: "closed", check: closed.check };
        const assembly = this.#open.get(key);
        if (assembly && !assembly.contradicts(frame)) return { kind: "open", assembly };
        if (assembly && now < assembly.lastGain + TRUSTED_MS) return { kind: "misfit" };
        return { kind: "open", assembly: this.#openNew(frame, now) };
    }

    /** What a poll asks about, under the name and in the cut that the poll gives it; undefined when nothing is here. */
    findPolled(alias: number, block: PolledBlock, now: Millis): Assembly | undefined {
        const key = keyOf(alias, block.slot);
        this.#closed.delete(key);
        const here = this.#open.get(key);
        const isIt = here && (here.check === undefined || here.check === block.check) && here.count === block.count;
        // The name belongs to this block now; what came under it before waits for its own poll.
        if (here && !isIt) this.#putAside(here);
        const found = isIt ? here : (this.#parked.get(block.check) ?? this.#byCheck(block.check));
        if (!found) return undefined;
        // A stranger who heard the check of a neighbour's block gets nothing of it into his hands.
        const isNeighbours = this.#isKnown(found.alias) || this.#parked.get(block.check) === found;
        if (isNeighbours && found.alias !== alias && !this.#isKnown(alias)) return undefined;
        this.drop(found);
        const cut = found.symbols?.size ?? block.symbolSize;
        const same = found.count === block.count && cut === block.symbolSize && found.alias === alias;
        const assembly = same
            ? found
            : found.recut({ alias, slot: block.slot, count: block.count, symbolSize: block.symbolSize, now });
        assembly.slot = block.slot;
        assembly.name(block.check, block.symbolSize);
        this.#put(assembly, now);
        return assembly;
    }

    /** Its block is whole and read. */
    close(assembly: Assembly, check: number, now: Millis): void {
        this.drop(assembly);
        this.#closed.set(keyOf(assembly.alias, assembly.slot), { check, count: assembly.count, at: now });
    }

    drop(assembly: Assembly): void {
        const key = keyOf(assembly.alias, assembly.slot);
        if (this.#open.get(key) === assembly) this.#open.delete(key);
        if (assembly.check !== undefined && this.#parked.get(assembly.check) === assembly)
            this.#parked.delete(assembly.check);
    }

    /** Forgets what is too old; tells how many. */
    expire(now: Millis): number {
        let count = 0;
        for (const assembly of this.all()) {
            if (now < assembly.lastGain + ASSEMBLY_AGE_MS) continue;
            this.drop(assembly);
            count++;
        }
        return count;
    }

    /** What can be found again by its check, for a snapshot. */
    keep(): readonly KeptAssembly[] {
        return this.all().flatMap(({ alias, slot, count, check, symbols }) => {
            if (check === undefined || !symbols || !this.#isKnown(alias)) return [];
            return [{ alias, slot, count, check, symbolSize: symbols.size, symbols: [...symbols.symbols()] }];
        });
    }

    restore(kept: readonly KeptAssembly[], now: Millis): void {
        for (const { alias, slot, count, check, symbolSize, symbols } of kept) {
            const assembly = new Assembly({ alias, slot, count, now });
            assembly.name(check, symbolSize);
            for (const [id, bytes] of symbols) assembly.symbols?.add(id, bytes);
            // Its sender may be in the middle of the turn still, and then goes on under the same name.
            if (this.#open.has(keyOf(alias, slot))) this.#park(assembly);
            else this.#open.set(keyOf(alias, slot), assembly);
        }
    }

    #openNew({ alias, slot, count }: SourceFrame | RepairFrame, now: Millis): Assembly {
        const assembly = new Assembly({ alias, slot, count, now });
        this.#closed.delete(keyOf(alias, slot));
        this.#put(assembly, now);
        return assembly;
    }

    #put(assembly: Assembly, now: Millis): void {
        const before = this.#open.get(keyOf(assembly.alias, assembly.slot));
        if (before) this.#putAside(before);
        this.#ageOut(assembly);
        if (!this.#isKnown(assembly.alias)) this.#makeRoomForStranger();
        this.#open.set(keyOf(assembly.alias, assembly.slot), assembly);
        assembly.lastGain = now;
    }

    /** Senders go through their slots in turn: those behind the newest by half the circle are over. */
    #ageOut({ alias, slot }: Assembly): void {
        for (let behind = WINDOW; behind < SLOTS; behind++) {
            const key = keyOf(alias, (slot - behind + SLOTS) % SLOTS);
            const old = this.#open.get(key);
            this.#closed.delete(key);
            if (old) this.#putAside(old);
        }
    }

    #putAside(assembly: Assembly): void {
        this.#open.delete(keyOf(assembly.alias, assembly.slot));
        if (assembly.check !== undefined && this.#isKnown(assembly.alias)) this.#park(assembly);
    }

    #park(assembly: Assembly): void {
        if (assembly.check === undefined) return;
        this.#parked.delete(assembly.check);
        if (this.#parked.size >= PARKED_MAX) {
            const [oldest] = this.#parked.keys();
            if (oldest !== undefined) this.#parked.delete(oldest);
        }
        this.#parked.set(assembly.check, assembly);
    }

    #makeRoomForStranger(): void {
        const strangers = [...this.#open.values()].filter(({ alias }) => !this.#isKnown(alias));
        if (strangers.length < STRANGERS_MAX) return;
        const [oldest] = strangers.sort((a, b) => a.lastGain - b.lastGain);
        if (oldest) this.drop(oldest);
    }

    #byCheck(check: number): Assembly | undefined {
        return [...this.#open.values()].find((assembly) => assembly.check === check);
    }
}

function keyOf(alias: number, slot: number): number {
    return alias * SLOTS + slot;
}
