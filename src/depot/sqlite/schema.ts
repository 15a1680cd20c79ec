/**
 * Steps from one schema version to the next; `PRAGMA user_version` counts those done. Steps are added, never changed.
 *
 * Counters are kept by triggers, so that no statement can forget them, and a limit costs the same in a full depot as in
 * an empty one. `messages.row` is AUTOINCREMENT because it is the fetch cursor: a number is never used twice. STRICT, so
 * that a row of nonsense out of a damaged file is refused here.
 */
export const MIGRATIONS: readonly string[] = [
    `
    CREATE TABLE messages (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        message_id BLOB NOT NULL UNIQUE,
        routing_key BLOB NOT NULL,
        ack_hash BLOB NOT NULL,
        payload BLOB NOT NULL,
        ingress TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX messages_by_key ON messages (routing_key, row);
    CREATE INDEX messages_by_expiry ON messages (expires_at);

    CREATE TABLE mailboxes (
        routing_key BLOB PRIMARY KEY,
        messages INTEGER NOT NULL,
        bytes INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE totals (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        messages INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        proven INTEGER NOT NULL,
        unproven INTEGER NOT NULL,
        latest_receipt INTEGER
    ) STRICT;
    INSERT INTO totals VALUES (1, 0, 0, 0, 0, NULL);

    CREATE TABLE tombstones (
        message_id BLOB NOT NULL UNIQUE,
        ack_secret BLOB NOT NULL,
        payload BLOB NOT NULL,
        ingress TEXT NOT NULL,
        proven INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX tombstones_by_expiry ON tombstones (proven, expires_at);

    CREATE TABLE offers (
        ordinal INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        message_id BLOB NOT NULL,
        carrier TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due REAL NOT NULL DEFAULT 0,
        ended INTEGER NOT NULL DEFAULT 0,
        UNIQUE (message_id, kind, carrier)
    ) STRICT;
    CREATE INDEX offers_in_order ON offers (carrier, kind DESC, ordinal, due) WHERE ended = 0;
    CREATE INDEX offers_by_time ON offers (carrier, due) WHERE ended = 0;

    CREATE TABLE quarantine (
        row INTEGER PRIMARY KEY,
        payload BLOB NOT NULL,
        reason TEXT NOT NULL,
        moved_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE airtime (
        radio TEXT NOT NULL,
        at INTEGER NOT NULL,
        airtime_ms REAL NOT NULL
    ) STRICT;
    CREATE INDEX airtime_by_radio ON airtime (radio, at);

    CREATE TRIGGER message_added AFTER INSERT ON messages BEGIN
        INSERT INTO mailboxes VALUES (new.routing_key, 1, length(new.payload))
            ON CONFLICT DO UPDATE SET messages = messages + 1, bytes = bytes + length(new.payload);
        UPDATE totals SET messages = messages + 1, bytes = bytes + length(new.payload),
            latest_receipt = max(ifnull(latest_receipt, new.received_at), new.received_at);
    END;
    CREATE TRIGGER message_gone AFTER DELETE ON messages BEGIN
        UPDATE mailboxes SET messages = messages - 1, bytes = bytes - length(old.payload)
            WHERE routing_key = old.routing_key;
        DELETE FROM mailboxes WHERE routing_key = old.routing_key AND messages = 0;
        UPDATE totals SET messages = messages - 1, bytes = bytes - length(old.payload);
        DELETE FROM offers WHERE message_id = old.message_id AND kind = 0;
    END;
    CREATE TRIGGER tombstone_added AFTER INSERT ON tombstones BEGIN
        UPDATE totals SET proven = proven + new.proven, unproven = unproven + 1 - new.proven;
    END;
    CREATE TRIGGER tombstone_changed AFTER UPDATE ON tombstones BEGIN
        UPDATE totals SET proven = proven + new.proven - old.proven, unproven = unproven + old.proven - new.proven;
    END;
    CREATE TRIGGER tombstone_gone AFTER DELETE ON tombstones BEGIN
        UPDATE totals SET proven = proven - old.proven, unproven = unproven - 1 + old.proven;
        DELETE FROM offers WHERE message_id = old.message_id AND kind = 1;
    END;
    `,
    `
    CREATE TABLE link_states (radio TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID, STRICT;
    `,
    `
    ALTER TABLE offers ADD COLUMN handovers INTEGER NOT NULL DEFAULT 0;
    `,
    `
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        message_id BLOB NOT NULL,
        carrier TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 1,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL,
        stored_at INTEGER,
        receipt BLOB,
        UNIQUE (message_id, kind, carrier)
    ) STRICT;
    CREATE INDEX deliveries_by_store ON deliveries (carrier, stored_at) WHERE stored_at IS NOT NULL AND kind = 0;
    CREATE TABLE fetch_cursors (
        carrier TEXT NOT NULL,
        routing_key BLOB NOT NULL,
        cursor TEXT NOT NULL,
        begun_at INTEGER NOT NULL,
        PRIMARY KEY (carrier, routing_key)
    ) WITHOUT ROWID, STRICT;
    `,
];
