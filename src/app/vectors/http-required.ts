import type { UnixSeconds } from "../../base/time.ts";
import { jsonObject } from "./http-compare.ts";
import type { WantedResponse } from "./http-format.ts";
import { MailboxTwin, type TwinFate, type TwinOptions } from "./http-twin.ts";

/** What Hearth must answer where a vector wants something else, and why; or that the vector is not understood. */
export type Required =
    | { readonly kind: "as_written" }
    | { readonly kind: "mended"; readonly response: WantedResponse }
    | { readonly kind: "unclear"; readonly problem: string };

const AS_WRITTEN: Required = { kind: "as_written" };

/** Runs Ember's mailbox and Hearth's side by side, as models, through the exchanges of one group. */
export class MendedMailbox {
    readonly #ember: MailboxTwin;
    readonly #hearth: MailboxTwin;
    readonly #signs: boolean;

    /** `signs`: the server has an identity, so what it stores gets a receipt. */
    constructor(options: TwinOptions, { signs }: { readonly signs: boolean }) {
        this.#signs = signs;
        this.#ember = new MailboxTwin("ember", options);
        this.#hearth = new MailboxTwin("hearth", options);
    }

    /** A submit that Ember took apart into these frames. */
    submit(frames: readonly Uint8Array[], wanted: WantedResponse, now: UnixSeconds): Required {
        const results = jsonObject(wanted.body_text)?.["results"];
        if (!Array.isArray(results) || results.length !== frames.length) {
            return { kind: "unclear", problem: "the vector has not one result for each frame" };
        }
        let mended = false;
        let isEmbers = true;
        const required = frames.map((frame, index): unknown => {
            const ember = this.#ember.submit(frame, now);
            const hearth = this.#hearth.submit(frame, now);
            if (sameFate(ember, hearth)) return results[index];
            mended = true;
            isEmbers &&= sameResult(results[index], this.#resultOf(ember));
            return this.#resultOf(hearth);
        });
        if (!mended) return AS_WRITTEN;
        if (!isEmbers) return { kind: "unclear", problem: "Ember's model does not give this submit's answer" };
        return { kind: "mended", response: { ...wanted, body_text: JSON.stringify({ results: required }) } };
    }

    /** The signature stands for any that verifies. */
    #resultOf(fate: TwinFate): unknown {
        if (fate.kind === "error") return { status: "error", error: fate.text };
        return fate.kind === "stored" && this.#signs ? { status: "ok", signature: "any" } : { status: "ok" };
    }

    fetch(query: FetchNumbers, wanted: WantedResponse, now: UnixSeconds): Required {
        const ember = this.#ember.fetch(query, now);
        const hearth = this.#hearth.fetch(query, now);
        if (ember.status === hearth.status && ember.body === hearth.body) return AS_WRITTEN;
        if (ember.status !== wanted.status || ember.body !== wanted.body_text) {
            return { kind: "unclear", problem: "Ember's model does not give this fetch's answer" };
        }
        return { kind: "mended", response: { ...wanted, status: hearth.status, body_text: hearth.body } };
    }

    /** The fetch's answers of both, for vectors that only sum them up. */
    pages(query: FetchNumbers, now: UnixSeconds): { readonly ember: PageSum; readonly hearth: PageSum } {
        return { ember: sumUp(this.#ember.fetch(query, now)), hearth: sumUp(this.#hearth.fetch(query, now)) };
    }

    stats(wanted: WantedResponse, now: UnixSeconds): Required {
        const ember = this.#ember.stats(now);
        const hearth = this.#hearth.stats(now);
        if (ember === hearth) return AS_WRITTEN;
        if (ember !== wanted.body_text) {
            return { kind: "unclear", problem: "Ember's model does not give these stats" };
        }
        return { kind: "mended", response: { ...wanted, body_text: hearth } };
    }
}

export interface FetchNumbers {
    readonly key: string;
    readonly limit: number;
    readonly after: number;
}

/** A fetch's answer in the form of the byte-budget vectors. */
export interface PageSum {
    readonly status: number;
    readonly body_length: number;
    readonly payload_count: number | null;
    readonly next_cursor: string | null;
    readonly has_more: boolean | null;
    readonly error: string | null;
}

export function sumUp({ status, body }: { readonly status: number; readonly body: string }): PageSum {
    const json = jsonObject(body) ?? {};
    const { payloads, next_cursor: cursor, has_more: hasMore, error } = json;
    return {
        status,
        body_length: new TextEncoder().encode(body).length,
        payload_count: Array.isArray(payloads) ? payloads.length : null,
        next_cursor: typeof cursor === "string" ? cursor : null,
        has_more: typeof hasMore === "boolean" ? hasMore : null,
        error: typeof error === "string" ? error : null,
    };
}

/** Apart from the bytes of signatures. */
function sameResult(one: unknown, other: unknown): boolean {
    const shape = (result: unknown): string =>
        JSON.stringify(result, (key, value) => (key === "signature" ? typeof value : value));
    return shape(one) === shape(other);
}

function sameFate(one: TwinFate, other: TwinFate): boolean {
    return JSON.stringify(one) === JSON.stringify(other);
}
