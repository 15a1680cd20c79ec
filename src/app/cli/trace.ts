import { fromHex, toHex } from "../../base/encoding.ts";
import { readTrace, type Trace } from "../../depot/sqlite/trace.ts";
import type { Delivery } from "../../depot/store.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

type State = "stored" | "confirmed" | "expired" | "unknown";

interface Way {
    readonly kind: Delivery["kind"];
    readonly carrier: string;
    readonly state: Delivery["outcome"] | "waiting";
    readonly tries: number;
    readonly firstAt?: string;
    readonly lastAt?: string;
    readonly storedAt?: string;
    readonly hasReceipt?: boolean;
    readonly detail?: string;
}

/** Shows where one message stands, out of the depot, also while the gateway runs. */
export async function trace(
    id: string,
    options: SettingOptions & { readonly json?: boolean },
    terminal: Terminal,
): Promise<void> {
    const messageId = fromHex(id.toLowerCase());
    if (messageId?.length !== 16) throw new CommandError(`${id} is no message id: it must be 32 hex digits.`);
    const found = readTrace(configFrom(options, terminal).dataDir, messageId);
    const state = stateOf(found);
    if (state === "unknown" && found.deliveries.length === 0) {
        throw new CommandError(`Nothing is known of message ${id}.`);
    }
    const ways = waysOf(found);
    const told = {
        id: toHex(messageId),
        state,
        ...(found.message && {
            from: found.message.ingress,
            mailbox: toHex(found.message.routingKey),
            receivedAt: timeOf(found.message.receivedAt),
            expiresAt: timeOf(found.message.expiresAt),
        }),
        ways,
    };
    if (options.json) terminal.out(JSON.stringify(told));
    else for (const line of linesOf(told)) terminal.out(line);
}

function stateOf({ message, tombstone, deliveries }: Trace): State {
    if (tombstone?.proven) return "confirmed";
    if (message) return "stored";
    return deliveries.some(({ outcome }) => outcome === "expired") ? "expired" : "unknown";
}

/** What was tried, then what waits for its first try. */
function waysOf({ deliveries, open }: Trace): readonly Way[] {
    const tried = deliveries.filter(({ carrier }) => carrier !== "");
    const isTried = (offer: Trace["open"][number]): boolean =>
        tried.some(({ kind, carrier }) => kind === offer.kind && carrier === offer.carrier);
    const waiting = open.filter((offer) => !isTried(offer));
    return [
        ...tried.map(({ kind, carrier, outcome, tries, firstAt, lastAt, storedAt, receipt, detail }) => ({
            kind,
            carrier,
            state: outcome,
            tries,
            firstAt: timeOf(firstAt),
            lastAt: timeOf(lastAt),
            ...(storedAt === undefined ? {} : { storedAt: timeOf(storedAt) }),
            hasReceipt: receipt !== undefined,
            ...(detail === "" ? {} : { detail }),
        })),
        ...waiting.map(({ kind, carrier }) => ({ kind, carrier, state: "waiting" as const, tries: 0 })),
    ];
}

function linesOf(told: {
    readonly id: string;
    readonly state: State;
    readonly ways: readonly Way[];
}): readonly string[] {
    const { id, state, ways, ...rest } = told;
    const facts = Object.entries(rest).map(([name, value]) => `  ${name.padEnd(12)}${String(value)}`);
    return [`Message ${id}: ${state}`, ...facts, ...(ways.length === 0 ? ["  no other way"] : ways.map(wayLine))];
}

function wayLine({ kind, carrier, state, tries, lastAt, hasReceipt, detail }: Way): string {
    const what = kind === "tombstone" ? " (tombstone)" : "";
    const count = tries === 1 ? "1 try" : `${tries} tries`;
    const proof = hasReceipt ? ", receipt verified" : "";
    const when = lastAt === undefined ? "" : `, last ${lastAt}`;
    return `  ${`${carrier}${what}`.padEnd(20)} ${state}${proof} after ${count}${when}${detail === undefined ? "" : `: ${detail}`}`;
}

function timeOf(seconds: number): string {
    return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
