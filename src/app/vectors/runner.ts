import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { nobleCrypto } from "../../crypto/noble.ts";
import { nativeCrypto } from "../../crypto/node/native.ts";
import { type Check, checksOf, type Group, type Problem } from "./check.ts";
import { configStrings } from "./config-group.ts";
import * as crypto from "./crypto-groups.ts";
import { Fields } from "./fields.ts";
import { mdnsTxt } from "./mdns-group.ts";
import * as wire from "./wire-groups.ts";

/** Largest vector file that is read, in bytes. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;
/** Failures of one file that are shown one by one. */
const FAILURES_SHOWN_MAX = 20;

const GROUPS: ReadonlyMap<string, Group> = named({
    postcard: wire.postcard,
    inner_envelope: wire.innerEnvelope,
    outer_envelope: wire.outerEnvelope,
    wire_payload: wire.wirePayload,
    bundle_body: wire.bundleBody,
    bundle_file: wire.bundleFile,
    repo_golden: wire.repoGolden,
    identities: crypto.identities,
    public_id_parse: crypto.publicIdParse,
    xeddsa: crypto.xeddsa,
    encryption: crypto.encryption,
    tombstone: crypto.tombstone,
    receipt: crypto.receipt,
    identity_challenge: crypto.identityChallenge,
    identity_file: crypto.identityFile,
    signed_headers: crypto.signedHeaders,
    config_strings: configStrings,
    mdns_txt: mdnsTxt,
});

/** Parts of Ember that Hearth does not have yet, with what they are. */
const LATER: ReadonlyMap<string, string> = named({
    dag: "ordering of conversations",
    receive_pipeline: "a client's receive pipeline",
    quorum: "quorum strategies",
    mqtt: "MQTT",
});

const HTTP_MODES = named<"node" | "embedded">({ http_node: "node", http_embedded: "embedded" });

/** A file may call its format like a method of every object; a map knows only what was put in. */
function named<T>(entries: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
    return new Map(Object.entries(entries));
}

export interface VectorCounts {
    readonly passed: number;
    readonly failed: number;
    readonly skipped: number;
}

export interface VectorOptions {
    readonly directory: string;
    readonly print: (line: string) => void;
    /** Runs the exchanges of one HTTP file against the real server. */
    readonly httpGroup?: (
        file: unknown,
        mode: "node" | "embedded",
    ) => Promise<readonly { readonly name: string; readonly problem?: string }[]>;
}

interface Outcome {
    readonly name: string;
    readonly problem: Problem;
}

/** What a file without any vector counts as: one that was emptied must not pass. */
const NO_VECTOR: Outcome = { name: "file", problem: "holds no vector" };

/** Checks every `*.json` of a folder. Whatever is wrong with the folder or a file counts as a failure, never as a crash. */
export async function runVectors(options: VectorOptions): Promise<VectorCounts> {
    const { directory, print } = options;
    let files: readonly string[];
    try {
        files = readdirSync(directory)
            .filter((name) => name.endsWith(".json"))
            .sort();
    } catch (cause) {
        print(`FAILED  ${directory} cannot be read: ${textOf(cause)}`);
        return { passed: 0, failed: 1, skipped: 0 };
    }
    if (files.length === 0) {
        print(`FAILED  ${directory} holds no *.json`);
        return { passed: 0, failed: 1, skipped: 0 };
    }
    let total: VectorCounts = { passed: 0, failed: 0, skipped: 0 };
    for (const file of files) {
        const counts = await runFile(file, options);
        total = {
            passed: total.passed + counts.passed,
            failed: total.failed + counts.failed,
            skipped: total.skipped + counts.skipped,
        };
    }
    return total;
}

async function runFile(file: string, options: VectorOptions): Promise<VectorCounts> {
    const { print } = options;
    let outcomes: readonly Outcome[];
    try {
        const content = contentOf(join(options.directory, file));
        const format = content.text("format");
        const later = LATER.get(format);
        if (later !== undefined) {
            const skipped = countOf(content.child("data"));
            print(`skipped ${format}: ${skipped} (${later} is not built yet)`);
            return { passed: 0, failed: 0, skipped };
        }
        outcomes = await outcomesOf(format, content, options);
    } catch (cause) {
        outcomes = [{ name: file, problem: textOf(cause) }];
    }
    const failures = outcomes.filter(({ problem }) => problem !== undefined);
    print(
        `${failures.length > 0 ? "FAILED " : "passed "} ${file}: ${outcomes.length - failures.length} of ${outcomes.length}`,
    );
    for (const { name, problem } of failures.slice(0, FAILURES_SHOWN_MAX)) print(`        ${name}: ${problem}`);
    if (failures.length > FAILURES_SHOWN_MAX) print(`        … and ${failures.length - FAILURES_SHOWN_MAX} more`);
    return { passed: outcomes.length - failures.length, failed: failures.length, skipped: 0 };
}

function contentOf(path: string): Fields {
    const stats = statSync(path);
    if (!stats.isFile()) throw new Error("is no file");
    if (stats.size > FILE_BYTES_MAX) throw new Error(`larger than ${FILE_BYTES_MAX} bytes`);
    return new Fields(JSON.parse(readFileSync(path, "utf8")), "file");
}

async function outcomesOf(format: string, content: Fields, options: VectorOptions): Promise<readonly Outcome[]> {
    const mode = HTTP_MODES.get(format);
    if (mode !== undefined) {
        if (!options.httpGroup) return [{ name: format, problem: "there is no mailbox to check it against" }];
        const results = await options.httpGroup(rawOf(content), mode);
        if (results.length === 0) return [NO_VECTOR];
        return results.map(({ name, problem }) => ({ name, problem }));
    }
    const group = GROUPS.get(format);
    if (!group) return [{ name: format, problem: "nobody knows this format" }];
    const data = content.child("data");
    const checks = [...checksOf(data, group), ...extraChecks(format, data)];
    if (checks.length === 0) return [NO_VECTOR];
    const outcomes: Outcome[] = [];
    for (const check of checks) outcomes.push({ name: check.name, problem: await runCheck(check) });
    return outcomes;
}

/** Both sets of primitives must answer alike. */
async function runCheck(check: Check): Promise<Problem> {
    try {
        return (await check.run(nobleCrypto)) ?? (await check.run(nativeCrypto));
    } catch (cause) {
        return textOf(cause);
    }
}

function extraChecks(format: string, data: Fields): readonly Check[] {
    if (format !== "identity_file" || !data.has("save_with_empty_password")) return [];
    const category = data.text("save_with_empty_password");
    return [{ name: "save_with_empty_password", run: (set) => crypto.emptyPassword(category, set) }];
}

function rawOf(content: Fields): unknown {
    return Object.fromEntries(content.keys().map((key) => [key, content.raw(key)]));
}

/** The vectors of a file that is skipped: all that its lists hold, one level down. */
function countOf(data: Fields): number {
    return data.keys().reduce((sum, key) => {
        const value = data.raw(key);
        return sum + (Array.isArray(value) ? value.length : 0);
    }, 0);
}

function textOf(cause: unknown): string {
    return cause instanceof Error ? cause.message : String(cause);
}
