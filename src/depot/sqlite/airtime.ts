import type { Database } from "better-sqlite3";
import type { AirtimeJournal } from "../store.ts";

export function airtimeJournal(database: Database): AirtimeJournal {
    const spent = database.prepare<[string, number], { at: number; airtimeMs: number }>(
        "SELECT at, airtime_ms AS airtimeMs FROM airtime WHERE radio = ? AND at >= ? ORDER BY at, rowid",
    );
    const record = database.prepare("INSERT INTO airtime VALUES (?, ?, ?)");
    const forget = database.prepare("DELETE FROM airtime WHERE radio = ? AND at < ?");
    return {
        spent: (radio, since) => spent.all(radio, since),
        record: (radio, { at, airtimeMs }) => void record.run(radio, at, airtimeMs),
        forgetBefore: (radio, before) => void forget.run(radio, before),
    };
}
