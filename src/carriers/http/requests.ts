import type { IncomingMessage, ServerResponse } from "node:http";
import { toBase64 } from "../../base/encoding.ts";
import type { UnixSeconds } from "../../base/time.ts";
import type { CarrierHandlers } from "../carrier.ts";
import {
    type Answer,
    busyAnswer,
    emptyAnswer,
    errorAnswer,
    jsonAnswer,
    textAnswer,
    unreadableAnswer,
    withHeaders,
} from "./answers.ts";
import { type CheckAuthorization, makeAuthorization } from "./auth.ts";
import { readBody } from "./body.ts";
import { Budget } from "./budget.ts";
import { fetchAnswer } from "./fetch.ts";
import { type HttpLimits, NO_RATES, NODE_RATES } from "./limits.ts";
import { MeetingHost } from "./meeting-host.ts";
import type { MailboxServerOptions } from "./options.ts";
import { challengeText, parseChallenge, parseFetchQuery, parseRoutingKey } from "./query.ts";
import { clientName, limitedAnswer, RateLimiter, rateHeaders } from "./rate-limit.ts";
import { isGuarded, type Route, routeOf, splitTarget } from "./routing.ts";
import { submitAnswer } from "./submit.ts";

/** Ember clients look at the status only; the version is that of the API they speak (SPEC 14.1). */
const HEALTHY = jsonAnswer(200, '{"status":"ok","version":"0.1.0"}');
const UNAUTHORIZED = 401;
const UNLIMITED = new RateLimiter(NO_RATES.submitKey);

/** One request as the routes see it. */
interface Job {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly path: string;
    readonly query: string;
    /** To be called once the whole request is read. */
    readonly received: () => void;
}

/** Turns requests into answers. Undefined where nobody waits for one any more. */
export class RequestHandler {
    readonly #options: MailboxServerOptions;
    readonly #limits: HttpLimits;
    readonly #onPayload: CarrierHandlers["onPayload"];
    readonly #isAuthorized: CheckAuthorization;
    readonly #requests: Budget;
    readonly #bodies: Budget;
    readonly #submitIp: RateLimiter;
    readonly #submitKey: RateLimiter;
    readonly #fetchIp: RateLimiter;
    readonly #fetchKey: RateLimiter;
    readonly #meetings: MeetingHost | undefined;

    constructor(options: MailboxServerOptions, limits: HttpLimits, onPayload: CarrierHandlers["onPayload"]) {
        this.#options = options;
        this.#limits = limits;
        this.#onPayload = onPayload;
        this.#isAuthorized = makeAuthorization(options.credentials);
        this.#requests = new Budget(limits.requestsInFlightMax);
        this.#bodies = new Budget(limits.bodiesInFlightBytesMax);
        const rates = options.mode === "node" ? (options.rates ?? NODE_RATES) : NO_RATES;
        this.#submitIp = new RateLimiter(rates.submitIp);
        this.#submitKey = new RateLimiter(rates.submitKey);
        this.#fetchIp = new RateLimiter(rates.fetchIp);
        this.#fetchKey = new RateLimiter(rates.fetchKey);
        this.#meetings = options.meetings && new MeetingHost(options.meetings, options.clock);
    }

    async answer(
        request: IncomingMessage,
        response: ServerResponse,
        received: () => void,
    ): Promise<Answer | undefined> {
        if (!this.#requests.reserve(1)) return busyAnswer();
        try {
            const problem = this.#malformed(request);
            if (problem) return problem;
            const { path, query } = splitTarget(request.url ?? "/");
            const route = routeOf(this.#options.mode, request.method ?? "", { path, query });
            const denied = this.#deny(request, route);
            return denied ?? (await this.#dispatch(route, { request, response, path, query, received }));
        } finally {
            this.#requests.release(1);
        }
    }

    #malformed({ url = "", headers, httpVersion }: IncomingMessage): Answer | undefined {
        if (url.length > this.#limits.urlLengthMax) {
            return errorAnswer(414, `URL too long: at most ${this.#limits.urlLengthMax} characters`);
        }
        if (headers.host === undefined && httpVersion === "1.1") return errorAnswer(400, "Missing Host header");
        if (headers.expect !== undefined && !expectsContinue(headers.expect)) {
            return errorAnswer(417, "Unknown expectation: only 100-continue is known");
        }
        return undefined;
    }

    /** The auth layer lies around every guarded route, wrong methods and unknown paths included. */
    #deny(request: IncomingMessage, route: Route): Answer | undefined {
        const allow = route.kind === "wrong_method" ? ["allow", route.allow] : [];
        if (isGuarded(route) && !this.#isAuthorized(request.headers.authorization)) {
            return emptyAnswer(UNAUTHORIZED, allow);
        }
        if (route.kind === "unknown") return emptyAnswer(404);
        return route.kind === "wrong_method" ? emptyAnswer(405, allow) : undefined;
    }

    #dispatch(route: Route, job: Job): Answer | Promise<Answer | undefined> {
        switch (route.kind) {
            case "health":
                return HEALTHY;
            case "identity":
                return this.#identity(job.query);
            case "stats":
                return this.#stats();
            case "fetch":
                return this.#fetch(job, route.keyText);
            case "submit":
                return this.#submit(job);
            case "meeting":
                return this.#meetings ? this.#withBody(job, (bytes) => this.#meet(job, bytes)) : emptyAnswer(404);
            default:
                return emptyAnswer(404);
        }
    }

    #identity(query: string): Answer {
        const text = challengeText(query);
        if (!text.ok) return text.error;
        const { identity } = this.#options;
        if (!identity) return errorAnswer(UNAUTHORIZED, "Node identity not configured");
        const challenge = parseChallenge(text.value);
        if (!challenge.ok) return challenge.error;
        return jsonAnswer(200, `{"signature":"${toBase64(identity.identityAnswer(challenge.value))}"}`);
    }

    #stats(): Answer {
        return fromDepot(() => {
            const { mailboxes, messages } = this.#options.mailbox.stats(this.#wall());
            const counts = `"mailbox_count":${mailboxes},"total_messages":${messages}`;
            return jsonAnswer(200, `{${counts},"backend":"sqlite"}`);
        });
    }

    #fetch({ request, query }: Job, keyText: string): Answer {
        const now = this.#options.clock.now().monotonic;
        const routingKey = parseRoutingKey(keyText);
        // Nonsense shares one bucket, so that it cannot push the real ones out of the table.
        const byKey = this.#fetchKey.take(routingKey.ok ? keyText : "", now);
        if (!byKey.ok) return limitedAnswer(this.#fetchKey, byKey.waitMs);
        const byAddress = this.#fetchIp.take(this.#client(request), now);
        if (!byAddress.ok) return limitedAnswer(this.#fetchIp, byAddress.waitMs);
        const shown = this.#fetchKey.enabled ? this.#fetchKey : this.#fetchIp;
        const remaining = this.#fetchKey.enabled ? byKey.remaining : byAddress.remaining;
        return withHeaders(this.#page(routingKey, query), rateHeaders(shown, remaining));
    }

    #page(routingKey: ReturnType<typeof parseRoutingKey>, query: string): Answer {
        const page = parseFetchQuery(query);
        // Ember takes the parameters apart first, then the key, then the numbers.
        if (!page.ok && (page.error.type !== "application/json" || routingKey.ok)) return page.error;
        if (!routingKey.ok) return routingKey.error;
        if (!page.ok) return page.error;
        const pageQuery = { ...page.value, routingKey: routingKey.value, now: this.#wall() };
        return fromDepot(() => fetchAnswer(this.#options.mailbox, pageQuery));
    }

    async #submit(job: Job): Promise<Answer | undefined> {
        const now = this.#options.clock.now().monotonic;
        const taken = this.#submitIp.take(this.#client(job.request), now);
        if (!taken.ok) return limitedAnswer(this.#submitIp, taken.waitMs);
        const answer = await this.#withBody(job, (bytes) => this.#submitBytes(job.request, job.path, bytes));
        return answer && withHeaders(answer, rateHeaders(this.#submitIp, taken.remaining));
    }

    /** Only for peers that say who they are: what it tells, it tells of every mailbox. */
    async #meet({ request, path }: Job, bytes: Uint8Array): Promise<Answer> {
        const signer = this.#signer(request, path, bytes);
        if (!signer.ok) return errorAnswer(UNAUTHORIZED, `Signature verification failed: ${signer.error}`);
        const peer = signer.value && this.#options.peerOf?.(signer.value);
        if (peer === undefined) return errorAnswer(403, "Only for peers of this gateway, with signed headers");
        return (await this.#meetings?.answer(peer, bytes)) ?? emptyAnswer(404);
    }

    async #withBody(
        { request, response, received }: Pick<Job, "request" | "response" | "received">,
        work: (bytes: Uint8Array) => Promise<Answer>,
    ): Promise<Answer | undefined> {
        if (expectsContinue(request.headers.expect) && this.#fits(request)) response.writeContinue();
        const body = await readBody(request, { sizeMax: this.#limits.bodySizeMax, budget: this.#bodies });
        if (body.kind === "gone") return undefined;
        if (body.kind === "busy") return busyAnswer();
        if (body.kind === "too_large") return this.#tooLarge();
        received();
        try {
            return await work(body.bytes);
        } finally {
            body.release();
        }
    }

    async #submitBytes(request: IncomingMessage, path: string, bytes: Uint8Array): Promise<Answer> {
        const { mode, identity, clock } = this.#options;
        const signer = this.#signer(request, path, bytes);
        if (!signer.ok) return errorAnswer(UNAUTHORIZED, `Signature verification failed: ${signer.error}`);
        const via = signer.value && this.#options.peerOf?.(signer.value);
        return submitAnswer(
            {
                mode,
                identity,
                framesMax: this.#limits.framesMax,
                // A replica brings what others were counted for.
                keyLimiter: via === undefined ? this.#submitKey : UNLIMITED,
                now: clock.now().monotonic,
                onPayload: (payload) => this.#onPayload(payload, via),
                signer: signer.value,
                receiptsForKnown: request.headers["x-hearth-receipts"] === "all",
            },
            bytes,
        );
    }

    #signer(request: IncomingMessage, path: string, body: Uint8Array): Signer {
        const { verifySigned, mode } = this.#options;
        const isSigned = request.headers["x-node-signature"] !== undefined;
        if (!verifySigned || mode === "embedded" || !isSigned) return { ok: true, value: undefined };
        const method = request.method ?? "";
        return verifySigned({ method, path, headers: headerPairs(request), body, now: this.#wall() });
    }

    #fits(request: IncomingMessage): boolean {
        return Number(request.headers["content-length"] ?? 0) <= this.#limits.bodySizeMax;
    }

    #tooLarge(): Answer {
        const prefix = this.#options.mode === "node" ? "Failed to buffer the request body: " : "";
        return textAnswer(413, `${prefix}length limit exceeded`);
    }

    #client(request: IncomingMessage): string {
        const forwarded = this.#options.trustProxy === true ? request.headers["x-forwarded-for"] : undefined;
        return clientName(request.socket.remoteAddress, Array.isArray(forwarded) ? forwarded.at(-1) : forwarded);
    }

    #wall(): UnixSeconds {
        return this.#options.wall?.() ?? this.#options.clock.now().wall;
    }
}

type Signer =
    | { readonly ok: true; readonly value: Uint8Array | undefined }
    | { readonly ok: false; readonly error: string };

/** A depot that cannot be read throws; its client may come again. */
function fromDepot(read: () => Answer): Answer {
    try {
        return read();
    } catch {
        return unreadableAnswer();
    }
}

export function expectsContinue(expect: string | undefined): boolean {
    return expect?.toLowerCase() === "100-continue";
}

function headerPairs({ rawHeaders }: IncomingMessage): readonly (readonly [string, string])[] {
    const pairs: [string, string][] = [];
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
        pairs.push([rawHeaders[index] ?? "", rawHeaders[index + 1] ?? ""]);
    }
    return pairs;
}
