import type { Database } from "better-sqlite3";
import { DepotUnusable } from "../errors.ts";
import { MIGRATIONS } from "./schema.ts";

/** Which of the known steps a file has behind it. Throws for a file of a newer Hearth: nobody may touch that. */
export function knownVersion(database: Database, migrations: readonly string[] = MIGRATIONS): number {
    const version = Number(database.pragma("user_version", { simple: true }));
    if (version >= 0 && version <= migrations.length) return version;
    throw new DepotUnusable(
        `The depot was written by a newer Hearth (schema ${version}, this one knows ${migrations.length}). Install that version again, or use another data directory.`,
    );
}

/** Brings the schema up to date, all steps or none. A file of a newer Hearth is refused untouched. */
export function migrate(database: Database, migrations: readonly string[] = MIGRATIONS): void {
    const version = knownVersion(database, migrations);
    if (version === migrations.length) return;
    database.exec("BEGIN IMMEDIATE");
    try {
        for (const step of migrations.slice(version)) database.exec(step);
        database.pragma(`user_version = ${migrations.length}`);
        database.exec("COMMIT");
    } catch (cause) {
        if (database.inTransaction) database.exec("ROLLBACK");
        throw cause;
    }
}
