import type { Database } from "better-sqlite3";
import { LINK_STATE_SIZE_MAX, LINK_STATES_MAX, type LinkStates } from "../store.ts";

export function linkStates(database: Database): LinkStates {
    const load = database.prepare<[string], { state: Buffer }>("SELECT state FROM link_states WHERE radio = ?");
    const count = database.prepare<[string], number>("SELECT count(*) FROM link_states WHERE radio <> ?").pluck();
    const save = database.prepare(
        "INSERT INTO link_states VALUES (?, ?) ON CONFLICT (radio) DO UPDATE SET state = excluded.state",
    );
    return {
        load: (name) => load.get(name)?.state,
        save(name, state) {
            if (state.length > LINK_STATE_SIZE_MAX || (count.get(name) ?? 0) >= LINK_STATES_MAX) return false;
            save.run(name, state);
            return true;
        },
    };
}
