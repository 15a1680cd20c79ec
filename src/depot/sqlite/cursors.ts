import type { Database } from "better-sqlite3";
import type { FetchCursors } from "../store.ts";

export function fetchCursors(database: Database): FetchCursors {
    const load = database.prepare<[string, Uint8Array], { cursor: string; begunAt: number }>(
        "SELECT cursor, begun_at AS begunAt FROM fetch_cursors WHERE carrier = ? AND routing_key = ?",
    );
    const save = database.prepare(
        `INSERT INTO fetch_cursors VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET cursor = excluded.cursor, begun_at = excluded.begun_at`,
    );
    return {
        load(carrier, routingKey) {
            const row = load.get(carrier, routingKey);
            return row && { cursor: BigInt(row.cursor), begunAt: row.begunAt };
        },
        save: (carrier, routingKey, { cursor, begunAt }) => void save.run(carrier, routingKey, String(cursor), begunAt),
    };
}
