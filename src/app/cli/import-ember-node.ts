import { existsSync } from "node:fs";
import { openDepot } from "../../depot/sqlite/depot.ts";
import { openEmberNode } from "../../depot/sqlite/ember-node.ts";
import { decodeWirePayload } from "../../wire/payload.ts";
import { adoptIdentity, usualIdentityPath } from "../ember-node/adopt.ts";
import { type EmberImportCounts, importEmberRows } from "../ember-node/import.ts";
import { readPassword } from "./mailbox-options.ts";
import { makeProgress } from "./progress.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

type Options = SettingOptions & {
    readonly identity?: string;
    readonly passwordFile?: string;
    readonly json?: boolean;
};

/** Takes over the messages and the key of an Ember node; its files are only read. Running it again changes nothing. */
export async function importEmberNode(file: string, options: Options, terminal: Terminal): Promise<void> {
    if (!existsSync(file)) throw new CommandError(`There is no file ${file}.`);
    const config = configFrom(options, terminal);
    const { dataDir } = config;
    const from = openEmberNode(file);
    try {
        const depot = await openDepot({
            directory: dataDir,
            decodes: (payload) => decodeWirePayload(payload).ok,
            onNotice: (text) => terminal.err(text),
        });
        const progress = makeProgress(terminal, "taking over", from.rows);
        try {
            await takeKey(options, dataDir, terminal);
            const now = Math.max(depot.store.latestReceipt() ?? 0, Math.floor(terminal.now() / 1000));
            const parts = { from, depot, limits: config.mailbox, now, onProgress: progress.show };
            const counts = await importEmberRows(parts).finally(progress.end);
            say(counts, from.quarantined, options, terminal);
        } finally {
            await depot.close();
        }
    } finally {
        from.close();
    }
}

async function takeKey(options: Options, dataDir: string, terminal: Terminal): Promise<void> {
    const file = options.identity ?? usualIdentityPath(terminal.env);
    const password = options.passwordFile === undefined ? undefined : readPassword(options.passwordFile);
    if (await adoptIdentity({ dataDir, file, password, terminal })) {
        terminal.err(`This gateway has the key of ${file}.`);
    } else if (options.identity !== undefined) throw new CommandError(`There is no key ${file}.`);
    else terminal.err(`No key of a node in ${file}: name it with --identity FILE, or this gateway makes a new one.`);
}

function say(counts: EmberImportCounts, quarantined: number, { json }: Options, terminal: Terminal): void {
    const { stored, duplicates, expired, refused } = counts;
    const refusedAll = [...refused.values()].reduce((sum, count) => sum + count, 0);
    if (json) {
        const reasons = Object.fromEntries(refused);
        terminal.out(JSON.stringify({ stored, duplicates, expired, refused: refusedAll, reasons, quarantined }));
    }
    terminal.err(`${stored} stored, ${duplicates} known already, ${expired} expired, ${refusedAll} refused.`);
    for (const [reason, count] of refused) terminal.err(`  ${count} × ${reason}`);
    if (quarantined > 0) terminal.err(`${quarantined} that Ember had put into quarantine were left there.`);
}
