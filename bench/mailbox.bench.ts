import { systemEntropy } from "../src/app/entropy.ts";
import { makeIdentity } from "../src/crypto/identity.ts";
import { nativeCrypto } from "../src/crypto/node/native.ts";
import { receiptData } from "../src/crypto/receipt.ts";
import type { Bench, Figure } from "./figure.ts";
import { MAILBOXES } from "./mailbox/message.ts";
import {
    type Kind,
    type Load,
    load,
    type Measured,
    medianOf,
    type Server,
    startServer,
    stopServer,
} from "./mailbox/rig.ts";

const ROUNDS = 5;
const ROUND_MS = 2_000;
const WARM_MS = 1_000;
const RATIO_AIM = 0.8;

/**
 * What an Ember node v0.5 did on a like machine, with 1,256-byte payloads, signed receipts and no fsync: 1,600 to 2,700 submits a
 * second, 550 where the mailbox held 10,000; 13,000 to 20,000 fetches a second. Durable submits are to be twice the best of
 * that, ten times in batches of 100, and as fast in a full mailbox as in an empty one.
 */
const SUBMITS_AIM = 2 * 2_700;
const BATCHED_AIM = 10 * 2_700;
const FETCHES_AIM = 13_000;
const FULL = 10_000;
const FULL_RATIO_AIM = 0.9;

type Report = (figure: Figure) => void;

export const bench: Bench = {
    title: "the mailbox over HTTP: durable submits with signed receipts, and fetches, of 1,256 bytes, beside a bare node:http server",
    async run(report) {
        report({ name: "mailbox.sign", value: signsASecond(), unit: "1/s", target: null, better: "higher" });
        for (const connections of [1, 16]) {
            await compare({ work: "submit", connections, kinds: ["bare", "hearth", "receipts"], report });
        }
        await compare({ work: "batch", connections: 16, kinds: ["hearth", "receipts"], report });
        for (const connections of [1, 16]) {
            await compare({ work: "fetch", connections, kinds: ["bare", "hearth"], report });
        }
        await compareFull(report);
    },
};

/** What one core signs: the price of each submit. */
function signsASecond(): number {
    const identity = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret: new Uint8Array(32).fill(5) });
    const data = receiptData(identity.publicId, new Uint8Array(16));
    const rounds = Array.from({ length: ROUNDS }, () => {
        const until = performance.now() + WARM_MS / 2;
        const started = performance.now();
        let count = 0;
        for (; performance.now() < until; count++) identity.sign(data);
        return (count * 1_000) / (performance.now() - started);
    });
    return medianOf(rounds);
}

interface Comparison {
    readonly work: Load["work"];
    readonly connections: number;
    readonly kinds: readonly Kind[];
    readonly report: Report;
}

/** All servers live at once and take turns, so that a slow moment of the machine hits each of them. */
async function measured(
    servers: readonly Server[],
    { work, connections }: Pick<Comparison, "work" | "connections">,
): Promise<ReadonlyMap<Server, readonly Measured[]>> {
    const rounds = new Map<Server, Measured[]>(servers.map((server) => [server, []]));
    try {
        for (const server of servers) await load(server, { work, connections, ms: WARM_MS });
        for (let round = 0; round < ROUNDS; round++) {
            for (const server of servers)
                rounds.get(server)?.push(await load(server, { work, connections, ms: ROUND_MS }));
        }
        return rounds;
    } finally {
        await Promise.all(servers.map(stopServer));
    }
}

async function compare({ work, connections, kinds, report }: Comparison): Promise<void> {
    const place = { preload: 1_000, mailboxes: MAILBOXES };
    const servers = await Promise.all(kinds.map((kind) => startServer(kind, place)));
    const rounds = await measured(servers, { work, connections });
    const name = (what: string): string => `mailbox.${work}_${connections}.${what}`;
    for (const [{ kind }, list] of rounds) {
        const median = (field: keyof Measured): number => medianOf(list.map((each) => each[field]));
        const target = aimOf(work, connections, kind);
        report({ name: name(kind), value: median("perSecond"), unit: "1/s", target, better: "higher" });
        report({ name: name(`${kind}_p50`), value: median("p50"), unit: "ms", target: null, better: "lower" });
        report({ name: name(`${kind}_p99`), value: median("p99"), unit: "ms", target: null, better: "lower" });
        report({ name: name(`${kind}_cpu`), value: median("cpu"), unit: "µs", target: null, better: "lower" });
    }
    const bare = servers.find(({ kind }) => kind === "bare");
    const hearth = servers.find(({ kind }) => kind === "hearth");
    if (!bare || !hearth) return;
    const value = ratioOf(rounds.get(hearth) ?? [], rounds.get(bare) ?? []);
    report({ name: name("ratio"), value, unit: "of bare", target: RATIO_AIM, better: "higher" });
}

function aimOf(work: Load["work"], connections: number, kind: Kind): number | null {
    if (connections !== 16) return null;
    if (work === "fetch") return kind === "hearth" ? FETCHES_AIM : null;
    if (kind !== "receipts") return null;
    return work === "submit" ? SUBMITS_AIM : BATCHED_AIM;
}

/** All messages for one mailbox: one that holds ten thousand already, and one that is empty. */
async function compareFull(report: Report): Promise<void> {
    const [empty, full] = await Promise.all(
        [0, FULL].map((preload) => startServer("receipts", { preload, mailboxes: 1 })),
    );
    if (!empty || !full) return;
    const rounds = await measured([empty, full], { work: "submit", connections: 16 });
    const value = ratioOf(rounds.get(full) ?? [], rounds.get(empty) ?? []);
    const perSecond = medianOf((rounds.get(full) ?? []).map((each) => each.perSecond));
    report({ name: "mailbox.full", value: perSecond, unit: "1/s", target: SUBMITS_AIM, better: "higher" });
    report({ name: "mailbox.full.ratio", value, unit: "of empty", target: FULL_RATIO_AIM, better: "higher" });
}

function ratioOf(list: readonly Measured[], beside: readonly Measured[]): number {
    return medianOf(list.map(({ perSecond }, round) => perSecond / (beside[round]?.perSecond ?? 0)));
}
