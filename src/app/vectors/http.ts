import { toBase64 } from "../../base/encoding.ts";
import type { UnixSeconds } from "../../base/time.ts";
import { decodeSubmitBody } from "../../wire/submit-body.ts";
import { challengeFor, difference, forgedIn, receiptsFor, type Signed } from "./http-compare.ts";
import { type Construction, parseConstruction } from "./http-construction.ts";
import {
    type BuiltFetch,
    type BuiltSubmit,
    type Exchange,
    type NodeGroup,
    parseEmbedded,
    parseExchange,
    parseNodeGroup,
    parseNodeGroups,
    type RequestExchange,
    rawRequest,
    type WantedResponse,
} from "./http-format.ts";
import { type FetchNumbers, MendedMailbox, type PageSum, type Required, sumUp } from "./http-required.ts";
import { openStage, type Stage, type StageOptions } from "./http-stage.ts";
import { timesOf } from "./http-times.ts";
import { type RawResponse, rawExchange } from "./raw-http.ts";

export interface CaseResult {
    readonly name: string;
    readonly problem?: string;
}

/** Ember's figures (SPEC 14.4, 16): what a group counts on where it names none. */
const NODE_TWIN = { messagesMax: 1000, ttlDefaultS: 604_800 };
const EMBEDDED_TTL_S = 86_400;
const FRAMES_MAX = { node: 100, embedded: 10 } as const;
const PAGE_ROWS_MAX = 100;

/** One group's server, its models, and what the cases of the group share. */
interface Scene {
    readonly mode: "node" | "embedded";
    readonly stage: Stage;
    readonly mended: MendedMailbox;
    readonly construction: Construction | undefined;
}

/** Runs every exchange of one vector file against the real server over the real depot. */
export async function runHttpGroup(fileJson: unknown, mode: "node" | "embedded"): Promise<readonly CaseResult[]> {
    return mode === "node" ? runNodeFile(fileJson) : runEmbeddedFile(fileJson);
}

async function runNodeFile(fileJson: unknown): Promise<readonly CaseResult[]> {
    const groups = parseNodeGroups(fileJson);
    if (!groups.ok) return [{ name: "http_node", problem: groups.error }];
    const results: CaseResult[] = [];
    for (const [index, raw] of groups.value.entries()) {
        const group = parseNodeGroup(raw);
        if (group.ok) results.push(...(await runNodeGroup(group.value)));
        else results.push({ name: `http_node group ${index}`, problem: group.error });
    }
    return results;
}

async function runNodeGroup(group: NodeGroup): Promise<readonly CaseResult[]> {
    const name = `http_node ${group.name}`;
    if (group.exchanges.length === 0) return [{ name, problem: "holds no exchange" }];
    const times = timesOf(group);
    if (!times.ok) return [{ name, problem: times.error }];
    const construction = group.construction === undefined ? undefined : parseConstruction(group.construction);
    if (construction && !construction.ok) return [{ name, problem: construction.error }];
    const messagesMax = group.max_messages ?? NODE_TWIN.messagesMax;
    return runExchanges(group.exchanges, {
        name,
        times: times.value,
        construction: construction?.value,
        messagesMax,
        stage: {
            mode: "node",
            now: times.value[0] ?? 0,
            secret: group.node_secret,
            publicHost: group.public_host,
            auth: group.auth,
            limits: { mailboxMessagesMax: messagesMax, ttlDefaultS: NODE_TWIN.ttlDefaultS },
        },
    });
}

async function runEmbeddedFile(fileJson: unknown): Promise<readonly CaseResult[]> {
    const data = parseEmbedded(fileJson);
    if (!data.ok) return [{ name: "http_embedded", problem: data.error }];
    const { server_secret: secret, now, exchanges } = data.value;
    return runExchanges(exchanges, {
        name: "http_embedded",
        times: exchanges.map(() => now),
        construction: undefined,
        messagesMax: NODE_TWIN.messagesMax,
        stage: { mode: "embedded", now, secret, publicHost: null, auth: null, limits: { ttlDefaultS: EMBEDDED_TTL_S } },
    });
}

interface Script {
    readonly name: string;
    readonly times: readonly UnixSeconds[];
    readonly construction: Construction | undefined;
    readonly messagesMax: number;
    readonly stage: StageOptions;
}

async function runExchanges(exchanges: readonly unknown[], script: Script): Promise<readonly CaseResult[]> {
    const stage = await openStage(script.stage);
    const twin = { messagesMax: script.messagesMax, ttlDefaultS: NODE_TWIN.ttlDefaultS };
    const scene: Scene = {
        mode: script.stage.mode,
        stage,
        mended: new MendedMailbox(twin, { signs: script.stage.secret !== null }),
        construction: script.construction,
    };
    try {
        const results: CaseResult[] = [];
        for (const [index, raw] of exchanges.entries()) {
            const name = `${script.name} ${index}`;
            const exchange = parseExchange(raw);
            if (!exchange.ok) {
                results.push({ name, problem: exchange.error });
                continue;
            }
            const now = script.times[index] ?? script.stage.now;
            stage.clock.set(now);
            const problem = await runExchange(scene, exchange.value, { index, now }).catch(thrownText);
            results.push({ name: `${name} ${titleOf(exchange.value)}`, ...(problem === undefined ? {} : { problem }) });
        }
        return results;
    } finally {
        await stage.close();
    }
}

interface At {
    readonly index: number;
    readonly now: UnixSeconds;
}

function runExchange(scene: Scene, exchange: Exchange, at: At): Promise<string | undefined> {
    if (exchange.kind === "request") return runRequest(scene, exchange.value, at);
    const { construction } = scene;
    if (!construction) return Promise.resolve("a built exchange in a group without a construction");
    if (exchange.kind === "submit") return runBuiltSubmit(scene, construction, { submit: exchange.value, at });
    return runBuiltFetch(scene, construction, { fetch: exchange.value, at });
}

async function runRequest(scene: Scene, exchange: RequestExchange, at: At): Promise<string | undefined> {
    const request = rawRequest(exchange);
    const got = await rawExchange(scene.stage.port, request);
    const path = request.path.split("?")[0] ?? "";
    const frames = path === "/api/v1/submit" ? decodeSubmitBody(request.body, FRAMES_MAX[scene.mode]) : undefined;
    const isTaken = frames?.ok === true && exchange.response.status === 200;
    const publicId = scene.stage.identity?.publicId;
    let signed: Signed | undefined;
    if (publicId) signed = isTaken ? receiptsFor(publicId, frames.value) : challengeFor(publicId, request.path);
    const required = requiredOf(scene, exchange, { frames: isTaken ? frames.value : [], now: at.now });
    const wanted = exchange.response;
    return forgedIn(wanted, signed) ?? judge(required, { wanted, got, signed });
}

/** Only what a node answers well can be mended; all else is as written. */
function requiredOf(
    { mode, mended, stage }: Scene,
    { request, response }: RequestExchange,
    { frames, now }: { readonly frames: readonly Uint8Array[]; readonly now: UnixSeconds },
): Required {
    if (mode === "embedded") return { kind: "as_written" };
    const [path = "", query = ""] = request.path.split("?");
    if (frames.length > 0) {
        const own = stage.identity && toBase64(stage.identity.publicId);
        const isOwn = request.headers.some(([name, value]) => name.toLowerCase() === "x-node-pubkey" && value === own);
        const isSigned = request.headers.some(([name]) => name.toLowerCase() === "x-node-signature");
        return isOwn && isSigned ? { kind: "as_written" } : mended.submit(frames, response, now);
    }
    if (request.method !== "GET" || (response.status !== 200 && response.status !== 500)) return { kind: "as_written" };
    if (path === "/api/v1/stats") return mended.stats(response, now);
    const key = /^\/api\/v1\/fetch\/([\w-]{22})$/.exec(path)?.[1];
    return key === undefined ? { kind: "as_written" } : mended.fetch(numbersOf(key, query), response, now);
}

async function runBuiltSubmit(
    scene: Scene,
    construction: Construction,
    { submit, at }: { readonly submit: BuiltSubmit; readonly at: At },
): Promise<string | undefined> {
    const frame = construction.message(submit, at.index, at.now);
    if (frame.length !== submit.submit_wire_length) {
        return `the built message has ${frame.length} bytes instead of ${submit.submit_wire_length}`;
    }
    const body = submitBodyOf(frame);
    const got = await rawExchange(scene.stage.port, { method: "POST", path: "/api/v1/submit", headers: [], body });
    const required = scene.mended.submit([frame], submit.response, at.now);
    return judge(required, { wanted: submit.response, got, signed: undefined });
}

async function runBuiltFetch(
    scene: Scene,
    construction: Construction,
    { fetch, at }: { readonly fetch: BuiltFetch; readonly at: At },
): Promise<string | undefined> {
    const { fetch: query, ...wanted } = fetch;
    const path = `/api/v1/fetch/${construction.keyText}${query}`;
    const got = sumUp(
        await rawExchange(scene.stage.port, { method: "GET", path, headers: [], body: new Uint8Array() }),
    );
    const { ember, hearth } = scene.mended.pages(numbersOf(construction.keyText, query.replace(/^\?/, "")), at.now);
    if (sameSum(ember, hearth)) return sumDifference(wanted, got);
    if (!sameSum(ember, wanted)) return "Ember's model does not give this fetch's answer";
    return sumDifference(hearth, got);
}

function judge(
    required: Required,
    {
        wanted,
        got,
        signed,
    }: { readonly wanted: WantedResponse; readonly got: RawResponse; readonly signed: Signed | undefined },
): string | undefined {
    if (required.kind === "unclear") return required.problem;
    return difference(required.kind === "mended" ? required.response : wanted, got, signed);
}

/** The slow way to frame one message, apart from the code under test. */
function submitBodyOf(frame: Uint8Array): Uint8Array {
    const body = new Uint8Array(8 + frame.length);
    const view = new DataView(body.buffer);
    view.setUint32(0, 1, true);
    view.setUint32(4, frame.length, true);
    body.set(frame, 8);
    return body;
}

function numbersOf(key: string, query: string): FetchNumbers {
    const fields = new URLSearchParams(query);
    const limit = Number(fields.get("limit") ?? PAGE_ROWS_MAX);
    return { key, limit: Math.min(limit, PAGE_ROWS_MAX), after: Number(fields.get("after") ?? 0) };
}

function sameSum(one: PageSum, other: PageSum): boolean {
    return sumDifference(one, other) === undefined;
}

function sumDifference(wanted: PageSum, got: PageSum): string | undefined {
    const names = Object.keys(wanted) as readonly (keyof PageSum)[];
    const differing = names.filter((name) => wanted[name] !== got[name]);
    if (differing.length === 0) return undefined;
    return differing.map((name) => `${name} ${got[name]} instead of ${wanted[name]}`).join(", ");
}

function titleOf(exchange: Exchange): string {
    if (exchange.kind === "submit") return `submit of ${exchange.value.submit_wire_length} bytes`;
    if (exchange.kind === "fetch") return `fetch ${exchange.value.fetch}`.trim();
    const { method, path } = exchange.value.request;
    return `${method} ${path.slice(0, 100)}`;
}

function thrownText(cause: unknown): string {
    return cause instanceof Error ? cause.message : String(cause);
}
