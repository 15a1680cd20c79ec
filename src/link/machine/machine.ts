import { makePrng } from "../../base/prng.ts";
import type { Millis } from "../../base/time.ts";
import { decodeFrame, encodeFrame, type LinkFrame } from "../frame/frame.ts";
import { FRAME_SIZE_MIN } from "../frame/limits.ts";
import type { Link, LinkEffect, LinkEvent } from "../link.ts";
import { Answers } from "./answers.ts";
import { Arrivals } from "./arrivals.ts";
import { Assemblies } from "./assemblies.ts";
import { Blocks } from "./blocks.ts";
import { Channel } from "./channel.ts";
import { Departures } from "./departures.ts";
import { Hellos } from "./hellos.ts";
import { Knowledge } from "./knowledge.ts";
import { Neighbours } from "./neighbours.ts";
import type { LinkOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { decodeSnapshot, EMPTY_SNAPSHOT, encodeSnapshot, type LinkSnapshot } from "./snapshot.ts";
import { LinkTiming } from "./timing.ts";
import { Turns } from "./turns.ts";

/** How often old things are looked for, in milliseconds. */
const TIDY_EVERY_MS = 600_000;

/** So many symbols heard are worth keeping, should this end restart in the middle of a long turn. */
const KEEP_EVERY_SYMBOLS = 8;

/** Makes a link (docs/link.md). Throws for a frame size that it cannot use. */
export function makeLink(options: LinkOptions): Link {
    return new LinkMachine(options);
}

/** Joins both sides over one half-duplex channel: one frame at a time, answers first, and the others' turns in between. */
class LinkMachine implements Link {
    readonly #options: LinkOptions;
    /** Taken up at the first event, which tells the time. */
    #earlier: LinkSnapshot | undefined;
    readonly #knowledge: Knowledge;
    readonly #neighbours: Neighbours;
    readonly #channel: Channel;
    readonly #assemblies: Assemblies;
    readonly #blocks: Blocks;
    readonly #answers: Answers;
    readonly #arrivals: Arrivals;
    readonly #outbox: Outbox;
    readonly #departures: Departures;
    readonly #turns: Turns;
    readonly #hellos: Hellos;
    /** What waits for `transmitted`. */
    #onAir: "data" | "answer" | "hello" | undefined;
    /** Of the last event. */
    #now: Millis = 0;
    /** Half a block was told about, here or there: a restart should not forget it. */
    #hasNews = false;
    #symbolsHeard = 0;
    #hasSent = false;
    /** The frame that is under way. */
    #sending: { readonly size: number; readonly at: Millis } | undefined;
    readonly #timing: LinkTiming;
    #tidyAt: Millis = Number.NEGATIVE_INFINITY;

    constructor(options: LinkOptions) {
        const timing = new LinkTiming(options);
        this.#timing = timing;
        if (timing.frameSizeMax < FRAME_SIZE_MIN)
            throw new RangeError(
                `frames of ${timing.frameSizeMax} bytes are too small, ${FRAME_SIZE_MIN} is the least`,
            );
        this.#options = options;
        const { node } = options;
        const random = makePrng(options.seed);
        const neighbours = new Neighbours({ own: node, random });
        const earlier = options.snapshot ? decodeSnapshot(options.snapshot) : EMPTY_SNAPSHOT;
        const knowledge = new Knowledge(options, earlier.keys);
        const assemblies = new Assemblies((alias) => neighbours.isKnownAlias(alias));
        const blocks = new Blocks(knowledge);
        const channel = new Channel({ timing, neighbours, random });
        const wantsTurn = (asker: number): boolean => {
            const wants = this.#turns.readyAt() !== undefined;
            channel.answered(asker, wants);
            return wants;
        };
        const answers = new Answers({ timing, neighbours, blocks, assemblies, node, random, wantsTurn });
        const outbox = new Outbox({ knowledge, frameSizeMax: timing.frameSizeMax, earlier: earlier.outgoing });
        this.#earlier = earlier;
        this.#knowledge = knowledge;
        this.#neighbours = neighbours;
        this.#assemblies = assemblies;
        this.#blocks = blocks;
        this.#answers = answers;
        this.#outbox = outbox;
        this.#arrivals = new Arrivals({ neighbours, knowledge, blocks, assemblies, answers });
        this.#departures = new Departures({ timing, neighbours, knowledge, outbox, node, random });
        this.#turns = new Turns({ timing, neighbours, channel, outbox, departures: this.#departures, node, random });
        this.#channel = channel;
        this.#hellos = new Hellos({
            neighbours,
            knowledge,
            node,
            random,
            timing,
            beaconEveryMs: options.beaconEveryMs,
        });
    }

    handle(event: LinkEvent, now: Millis): readonly LinkEffect[] {
        this.#now = now;
        this.#wake(now);
        const effects = [...this.#take(event, now), ...this.#turns.tick(now)];
        if (now >= this.#tidyAt) effects.push(...this.#tidy(now));
        const next = this.#onAir === undefined ? this.#next(now) : undefined;
        if (this.#hasNews) effects.push({ kind: "keep" });
        this.#hasNews = false;
        if (!next) return effects;
        this.#onAir = next.who;
        const frame = this.#bytesOf(next.frame);
        this.#sending = { size: frame.length, at: now };
        effects.push({ kind: "transmit", frame, purpose: next.who === "data" ? "data" : "answer" });
        return effects;
    }

    deadline(): Millis | undefined {
        const timers = [this.#turns.deadline()];
        if (this.#onAir === undefined) timers.push(this.#answersAt(this.#now), this.#dataAt(), this.#helloAt());
        const times = timers.filter((time) => time !== undefined);
        return times.length > 0 ? Math.min(...times) : undefined;
    }

    snapshot(): Uint8Array {
        return encodeSnapshot({
            keys: [...this.#knowledge.keys],
            neighbours: this.#neighbours.active().map(({ node, alias }) => ({ node, alias })),
            assemblies: this.#assemblies.keep(),
            outgoing: this.#outbox.keep(this.#departures.all().filter(({ framesSent }) => framesSent > 0)),
        });
    }

    #wake(now: Millis): void {
        const earlier = this.#earlier;
        if (!earlier) return;
        this.#earlier = undefined;
        this.#neighbours.restore(earlier.neighbours, now);
        this.#assemblies.restore(earlier.assemblies, now);
        this.#hellos.announce(now);
    }

    #take(event: LinkEvent, now: Millis): readonly LinkEffect[] {
        switch (event.kind) {
            case "offer":
                this.#turns.offered(now);
                return this.#outbox.add(event.offer, event.payload);
            case "withdraw":
                this.#departures.withdraw(event.offer);
                return [];
            case "frame":
                return this.#onFrame(event.bytes, now);
            case "settled":
                this.#answers.settled(this.#blocks.settled(event.delivery, event.verdict, now), now);
                return [];
            case "transmitted":
                if (event.sent && this.#sending) this.#timing.measured(this.#sending.size, now - this.#sending.at);
                if (this.#onAir === "data") this.#turns.transmitted(event.sent, now);
                this.#onAir = undefined;
                return [];
            case "tick":
                return [];
        }
    }

    #onFrame(bytes: Uint8Array, now: Millis): readonly LinkEffect[] {
        const opened = this.#options.guard?.open(bytes);
        if (opened && !opened.ok)
            return [{ kind: "count", what: opened.error === "stranger" ? "frame_stranger" : "frame_replayed" }];
        const decoded = decodeFrame(opened ? opened.value.frame : bytes);
        if (!decoded.ok)
            return [{ kind: "count", what: decoded.error === "damaged" ? "frame_damaged" : "frame_unknown" }];
        const { frame } = decoded;
        this.#turns.heardAnybody();
        this.#channel.heard(frame, now, { toUs: this.#turns.isListening });
        if ("node" in frame) this.#meet(frame, now);
        return this.#onLinkFrame(frame, now);
    }

    #onLinkFrame(frame: LinkFrame, now: Millis): readonly LinkEffect[] {
        switch (frame.kind) {
            case "single":
            case "source":
            case "repair":
            case "poll":
            case "teach": {
                const isForUs =
                    frame.kind !== "poll" || frame.whom === 0 || ((frame.whom >> this.#neighbours.alias) & 1) === 1;
                if (!isForUs) return [];
                const whom = frame.kind === "poll" ? frame.whom : undefined;
                this.#answers.heardTurn(frame.alias, this.#channel.turnEndsAt(frame.alias, now), whom);
                return this.#onAsking(frame, now);
            }
            case "ack": {
                const neighbour = this.#neighbours.get(frame.node);
                if (neighbour) neighbour.lossThere = frame.loss;
                this.#hasNews ||= this.#departures.all().some(({ framesSent, count }) => framesSent > 0 && count > 1);
                return this.#turns.onAck(frame, now);
            }
            case "hello":
                this.#hellos.heard(frame, now);
                return [];
            case "turn":
                return [];
        }
    }

    #onAsking(
        frame: Exclude<LinkFrame, { readonly kind: "ack" | "hello" | "turn" }>,
        now: Millis,
    ): readonly LinkEffect[] {
        switch (frame.kind) {
            case "single":
                return this.#arrivals.onSingle(frame, now);
            case "poll":
                return this.#arrivals.onPoll(frame, now);
            case "teach":
                return this.#arrivals.onTeach(frame, now);
            default:
                this.#hasNews ||= ++this.#symbolsHeard % KEEP_EVERY_SYMBOLS === 0;
                return this.#arrivals.onSymbol(frame, now);
        }
    }

    #meet({ node, alias }: { readonly node: number; readonly alias: number }, now: Millis): void {
        const { isNew, clashes } = this.#neighbours.heard(node, alias, now);
        if (isNew) this.#turns.heardSomebody(now);
        if (isNew || clashes) this.#hellos.announce(now);
    }

    #next(now: Millis): { readonly frame: LinkFrame; readonly who: "data" | "answer" | "hello" } | undefined {
        if (isDue(this.#answersAt(now), now)) {
            const frame = this.#answers.next(now);
            this.#hasNews ||= frame?.entries.some(({ kind }) => kind === "partial" || kind === "held") ?? false;
            if (frame) return { frame, who: "answer" };
        }
        if (isDue(this.#helloAt(), now)) return { frame: this.#hellos.next(now), who: "hello" };
        if (!isDue(this.#dataAt(), now)) return undefined;
        const frame = this.#turns.next(now);
        this.#hasNews ||= frame?.kind === "source" && frame.index === 0 && frame.count > 1;
        return frame && { frame, who: "data" };
    }

    /** A hello and the first frame of a life tell the whole counter to those who lost count; a full frame has no room for it. */
    #bytesOf(frame: LinkFrame): Uint8Array {
        const bytes = encodeFrame(frame);
        const { guard, frameSizeMax } = this.#options;
        if (!guard) return bytes;
        const isLong = (frame.kind === "hello" || !this.#hasSent) && bytes.length + guard.overheadLong <= frameSizeMax;
        this.#hasSent = true;
        return guard.seal(bytes, isLong ? "long" : "short");
    }

    /** In the middle of our own turn nobody hears our answers; they wait. */
    #answersAt(now: Millis): Millis | undefined {
        return this.#turns.isSending ? undefined : this.#channel.afterAnswersHold(this.#answers.readyAt(now));
    }

    #helloAt(): Millis | undefined {
        if (this.#turns.isSending || this.#turns.isListening) return undefined;
        const readyAt = this.#hellos.readyAt();
        // A turn that we asked for may begin before that, but is not for a beacon of the next hour.
        return readyAt !== undefined && readyAt > this.#now ? readyAt : this.#channel.afterDataHold(readyAt);
    }

    #dataAt(): Millis | undefined {
        return this.#turns.isSending ? this.#turns.readyAt() : this.#channel.afterDataHold(this.#turns.readyAt());
    }

    #tidy(now: Millis): readonly LinkEffect[] {
        this.#tidyAt = now + TIDY_EVERY_MS;
        return Array.from(
            { length: this.#assemblies.expire(now) },
            () => ({ kind: "count", what: "assembly_expired" }) as const,
        );
    }
}

function isDue(at: Millis | undefined, now: Millis): boolean {
    return at !== undefined && at <= now;
}

/** What a frame is, for people; "other" for anything that is no frame of this link. */
export function frameKind(bytes: Uint8Array): "data" | "ack" | "control" | "other" {
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) return "other";
    const { kind } = decoded.frame;
    if (kind === "single" || kind === "source" || kind === "repair") return "data";
    return kind === "ack" ? "ack" : "control";
}
