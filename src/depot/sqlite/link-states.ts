import type { Database } from "better-sqlite3";
import type { LinkStates } from "../store.ts";

export function linkStates(database: Database): LinkStates {
    const load = database.prepare<[string], { state: Buffer }>("SELECT state FROM link_states WHERE radio = ?");
    const save = database.prepare(
        "INSERT INTO link_states VALUES (?, ?) ON CONFLICT (radio) DO UPDATE SET state = excluded.state",
    );
    return {
        load: (radio) => load.get(radio)?.state,
        save: (radio, state) => void save.run(radio, state),
    };
}
