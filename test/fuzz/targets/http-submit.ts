import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseBasic } from "../../../src/carriers/http/auth.ts";
import { FETCHABLE_SIZE_MAX, NO_RATES } from "../../../src/carriers/http/limits.ts";
import type { MailboxIdentity } from "../../../src/carriers/http/options.ts";
import { challengeText, parseChallenge, parseFetchQuery } from "../../../src/carriers/http/query.ts";
import { clientName, RateLimiter } from "../../../src/carriers/http/rate-limit.ts";
import { isGuarded, routeOf, splitTarget } from "../../../src/carriers/http/routing.ts";
import { submitAnswer } from "../../../src/carriers/http/submit.ts";
import type { FuzzTarget } from "../target.ts";

const VECTORS = join(import.meta.dirname, "../../vectors/ember/http_node.json");
const FRAMES_MAX = 100;
const NEWLINE = 0x0a;

const identity: MailboxIdentity = {
    publicId: new Uint8Array(32),
    routingKey: new Uint8Array(16),
    identityAnswer: () => new Uint8Array(64),
    receipt: async () => new Uint8Array(64),
    ackSecret: () => undefined,
};

interface Vector {
    readonly request?: { readonly path: string; readonly body: string; readonly body_length?: number };
}

/** A path and query up to the first end of line, then a body: what strangers hand to the mailbox, without the sockets. */
export const target: FuzzTarget = {
    name: "http-submit",
    corpus() {
        const { data } = JSON.parse(readFileSync(VECTORS, "utf8"));
        const exchanges = data.groups.flatMap((group: { exchanges: readonly Vector[] }) => group.exchanges);
        return (exchanges as readonly Vector[]).flatMap(({ request }) =>
            request ? [Buffer.concat([Buffer.from(`${request.path}\n`), Buffer.from(request.body, "hex")])] : [],
        );
    },
    async run(bytes) {
        const end = bytes.indexOf(NEWLINE);
        const text = Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).toString("latin1");
        for (const mode of ["node", "embedded"] as const) {
            runUrl(mode, text);
            await runBody(mode, end < 0 ? bytes : bytes.subarray(end + 1));
        }
    },
};

function runUrl(mode: "node" | "embedded", text: string): void {
    const target = splitTarget(text);
    for (const method of ["GET", "POST"]) isGuarded(routeOf(mode, method, target));
    const page = parseFetchQuery(target.query);
    if (page.ok && !(page.value.limit >= 1 && page.value.limit <= 100 && page.value.after >= 0)) {
        throw new Error("a page out of bounds");
    }
    const challenge = challengeText(target.query);
    if (challenge.ok) parseChallenge(challenge.value);
    parseBasic(`Basic ${text}`);
    clientName("10.0.0.1", text);
}

async function runBody(mode: "node" | "embedded", body: Uint8Array): Promise<void> {
    let handed = 0;
    const answer = await submitAnswer(
        {
            mode,
            identity,
            framesMax: FRAMES_MAX,
            keyLimiter: new RateLimiter(NO_RATES.submitKey),
            now: 0,
            signer: undefined,
            receiptsForKnown: false,
            onPayload: async (payload) => {
                handed++;
                if (mode === "node" && payload.length > FETCHABLE_SIZE_MAX) throw new Error("too large to be fetched");
                return { kind: "stored" };
            },
        },
        body,
    );
    const json = JSON.parse(answer.body);
    if (answer.status === 200 && json.results.length < handed) throw new Error("a frame without a result");
    if (answer.status !== 200 && (answer.status !== 400 || handed > 0)) throw new Error(`status ${answer.status}`);
}
