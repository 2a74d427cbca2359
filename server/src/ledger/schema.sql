-- The front's own store as of version 1; what later versions add is in the files beside
-- this one. A change raises SCHEMA_VERSION in db.rs, which brings older files up to it.
-- Times are RFC 3339 in UTC unless a name says otherwise; kinds and outcomes are their names.

CREATE TABLE restarts (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    outcome      TEXT,
    completed_at TEXT,
    duration_ms  REAL NOT NULL,
    report       TEXT NOT NULL
) STRICT;

-- Holds all that the figures are made from, so that no report is read for them.
CREATE INDEX restarts_by_outcome ON restarts (outcome, kind, seq, duration_ms);

-- What is left of restarts whose rows have gone.
CREATE TABLE forgotten (
    only_row       INTEGER PRIMARY KEY CHECK (only_row = 1),
    total          INTEGER NOT NULL,
    successful     INTEGER NOT NULL,
    duration_ms    REAL NOT NULL,
    last_successful TEXT
) STRICT;

INSERT INTO forgotten VALUES (1, 0, 0, 0.0, NULL);

-- Which calls asked for or joined which restart: a call that comes again finds its outcome.
CREATE TABLE operations (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    client   BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    restart  INTEGER NOT NULL REFERENCES restarts (seq) ON DELETE CASCADE,
    UNIQUE (client, sequence)
) STRICT;

CREATE INDEX operations_by_restart ON operations (restart);

CREATE TABLE dead_letters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TEXT NOT NULL,
    cause      TEXT NOT NULL,
    error_code TEXT NOT NULL,
    client     TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    method     TEXT NOT NULL,
    retries    INTEGER NOT NULL,
    message    BLOB NOT NULL
) STRICT;

CREATE TABLE attempts (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms     INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    recovered INTEGER NOT NULL,
    cause     TEXT NOT NULL
) STRICT;

CREATE TABLE alerts (
    kind        TEXT PRIMARY KEY,
    detail      TEXT NOT NULL,
    raised_at   TEXT NOT NULL,
    resolved_at TEXT,
    times       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE saga_steps (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    restart TEXT NOT NULL,
    step    TEXT NOT NULL,
    state   TEXT NOT NULL,
    detail  TEXT NOT NULL,
    at      TEXT NOT NULL,
    UNIQUE (restart, step)
) STRICT;
