import type { Millis } from "../../base/time.ts";
import type { HelloFrame } from "../frame/control.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Neighbours } from "./neighbours.ts";
import type { LinkTiming } from "./timing.ts";

/** The first hello comes within so many slots of the start; several gateways may have got their power back together. */
const START_SLOTS = 20;

/** Between two hellos, in milliseconds, whatever is heard. */
const HELLO_EVERY_MS = 60_000;

export interface HellosParts {
    readonly neighbours: Neighbours;
    readonly knowledge: Knowledge;
    readonly node: number;
    readonly random: () => number;
    readonly timing: LinkTiming;
    readonly beaconEveryMs: Millis | undefined;
}

/** Tells who we are: at the start, to whoever is new, and when two have one alias. */
export class Hellos {
    readonly #parts: HellosParts;
    #readyAt: Millis | undefined;
    #beaconAt: Millis | undefined;
    #lastAt: Millis = Number.NEGATIVE_INFINITY;
    #asks = true;

    constructor(parts: HellosParts) {
        this.#parts = parts;
    }

    readyAt(): Millis | undefined {
        return this.#readyAt ?? this.#beaconAt;
    }

    /** Says hello soon, unless that was done a moment ago. */
    announce(now: Millis): void {
        const { random, timing } = this.#parts;
        const spread = (this.#asks ? START_SLOTS : 4) * random() * timing.slotMs;
        this.#readyAt ??= Math.max(now + spread, this.#lastAt + HELLO_EVERY_MS);
    }

    heard({ hour, asks }: HelloFrame, now: Millis): void {
        this.#parts.knowledge.hearHour(hour);
        if (asks) this.announce(now);
    }

    next(now: Millis): HelloFrame {
        const { neighbours, knowledge, node, beaconEveryMs } = this.#parts;
        const asks = this.#asks;
        this.#asks = false;
        this.#readyAt = undefined;
        this.#beaconAt = beaconEveryMs === undefined ? undefined : now + beaconEveryMs;
        this.#lastAt = now;
        return { kind: "hello", alias: neighbours.alias, node, hour: knowledge.hour, asks };
    }
}
