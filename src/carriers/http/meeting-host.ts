import { fromBase64, toBase64 } from "../../base/encoding.ts";
import type { Clock, Entropy, Millis } from "../../base/time.ts";
import { halfSipHash } from "../../link/sketch/half-siphash.ts";
import { makeReconciler, type Reconciler } from "../../link/sketch/reconciler.ts";
import type { CarrierId } from "../carrier.ts";
import { type Answer, busyAnswer, errorAnswer, jsonAnswer } from "./answers.ts";
import { meetingSalt, NONCE_SIZE } from "./peer/meeting-salt.ts";

/** What a meeting asks of the depot. */
export interface MeetingSource {
    readonly entropy: Entropy;
    /** The ids, 16 bytes each, of all that is worth comparing. */
    ids(): Promise<readonly Uint8Array[]>;
    /** Undefined for what is gone meanwhile. */
    payload(messageId: Uint8Array): Uint8Array | undefined;
}

/** Meetings at once; each holds a list of all ids. A peer that begins anew ends its older one. */
const MEETINGS_MAX = 4;
/** A meeting in which nothing is said for so long is over, in milliseconds. */
const SILENCE_MS_MAX = 120_000;
/** Messages in one request. */
const SAID_MAX = 1_024;
/** Ids that one meeting may want, repeated ones included. */
const WANTED_MAX = 2 ** 20;
/** Bytes of payloads in one answer; the one that goes beyond is still given. */
const GIVEN_BYTES_MAX = 512 * 1024;
const SESSION_SIZE = 16;

interface Meeting {
    readonly name: string;
    readonly peer: CarrierId;
    readonly reconciler: Reconciler;
    readonly gives: Uint8Array[];
    heardAt: Millis;
}

/** The answering end of meetings with trusted peers (docs/mailbox.md). */
export class MeetingHost {
    readonly #source: MeetingSource;
    readonly #clock: Clock;
    #meetings: readonly Meeting[] = [];

    constructor(source: MeetingSource, clock: Clock) {
        this.#source = source;
        this.#clock = clock;
    }

    async answer(peer: CarrierId, body: Uint8Array): Promise<Answer> {
        const question = parsed(body);
        if (!question) return errorAnswer(400, "Not a JSON object");
        const now = this.#clock.now().monotonic;
        this.#meetings = this.#meetings.filter(({ heardAt }) => now - heardAt < SILENCE_MS_MAX);
        const { begin, session, say, give } = question;
        if (typeof begin === "string") return await this.#begin(peer, begin);
        const meeting = this.#meetings.find((each) => each.peer === peer && each.name === session);
        if (!meeting) return errorAnswer(410, "This meeting is over");
        meeting.heardAt = now;
        if (Array.isArray(say) && say.length <= SAID_MAX) return hear(meeting, say);
        if (Number.isSafeInteger(give) && Number(give) >= 0) return this.#give(meeting, Number(give));
        return errorAnswer(400, "Neither begin, say nor give");
    }

    async #begin(peer: CarrierId, text: string): Promise<Answer> {
        const theirs = fromBase64(text);
        if (theirs?.length !== NONCE_SIZE) return errorAnswer(400, `begin must be ${NONCE_SIZE} bytes in base64`);
        this.#meetings = this.#meetings.filter((each) => each.peer !== peer);
        if (this.#meetings.length >= MEETINGS_MAX) return busyAnswer();
        const fresh = new Uint8Array(NONCE_SIZE + SESSION_SIZE);
        this.#source.entropy.fill(fresh);
        const nonce = fresh.subarray(0, NONCE_SIZE);
        const name = toBase64(fresh.subarray(NONCE_SIZE));
        const ids = await this.#source.ids();
        const reconciler = makeReconciler({ ids, salt: meetingSalt(theirs, nonce), hash: halfSipHash });
        const others = this.#meetings.filter((each) => each.peer !== peer).slice(0, MEETINGS_MAX - 1);
        const heardAt = this.#clock.now().monotonic;
        this.#meetings = [...others, { name, peer, reconciler, gives: [], heardAt }];
        return jsonAnswer(200, JSON.stringify({ session: name, nonce: toBase64(nonce) }));
    }

    /** From a place in the list of what the peer lacks, so that asking twice gives the same. */
    #give({ gives }: Meeting, from: number): Answer {
        const payloads: string[] = [];
        let bytes = 0;
        let next = from;
        for (let id = gives[next]; id && bytes < GIVEN_BYTES_MAX; id = gives[next]) {
            next++;
            const payload = this.#source.payload(id);
            if (!payload) continue;
            payloads.push(toBase64(payload));
            bytes += payload.length;
        }
        return jsonAnswer(200, JSON.stringify({ payloads, next, more: next < gives.length }));
    }
}

function hear({ reconciler, gives }: Meeting, say: readonly unknown[]): Answer {
    const replies: string[] = [];
    for (const text of say) {
        const bytes = typeof text === "string" ? fromBase64(text) : undefined;
        if (!bytes) return errorAnswer(400, "say must be a list of base64");
        const step = reconciler.handle(bytes);
        replies.push(...step.replies.map(toBase64));
        if (gives.length + step.missingThere.length > WANTED_MAX)
            return errorAnswer(400, "More is wanted than there is");
        for (const id of step.missingThere) gives.push(id);
    }
    return jsonAnswer(200, JSON.stringify({ say: replies }));
}

function parsed(body: Uint8Array): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(new TextDecoder().decode(body));
        const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
        return isObject ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}
