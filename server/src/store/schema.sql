-- The current schema, whole. A change here raises SCHEMA_VERSION in schema.rs
-- and needs a step in migrate/ that leads to the same.
-- Times are nanoseconds since the Unix epoch; statuses and kinds are their names.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- epoch: moved on by every activation; each write transaction compares it with its own.
-- draining: the epoch before, while its worker may still finish what it has; else 0.
-- deletions: how many tasks were ever deleted.
-- compatible_from: the oldest schema whose builds may use this database.
INSERT INTO meta (key, value) VALUES ('epoch', 0), ('draining', 0), ('deletions', 0), ('compatible_from', 1);

CREATE TABLE sessions (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    name              TEXT NOT NULL,
    working_directory TEXT NOT NULL,
    archived          INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    last_activity     INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_activity ON sessions (last_activity);

-- seq is the order of creation, never used twice: the key of paging.
CREATE TABLE tasks (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    parent       INTEGER REFERENCES tasks (seq),
    session      INTEGER REFERENCES sessions (seq),
    title        TEXT NOT NULL,
    description  TEXT NOT NULL,
    status       TEXT NOT NULL,
    task_type    TEXT NOT NULL,
    specialist   TEXT NOT NULL,
    complexity   TEXT NOT NULL,
    effort       TEXT,
    due_date     TEXT,
    context      TEXT,
    summary      TEXT,
    notes        TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    started_at   INTEGER,
    completed_at INTEGER
) STRICT;

-- Each of these ends in seq by itself, so one value's tasks come newest first without sorting.
CREATE INDEX tasks_by_parent ON tasks (parent, status) WHERE parent IS NOT NULL;
CREATE INDEX tasks_by_session ON tasks (session, status) WHERE session IS NOT NULL;
CREATE INDEX tasks_by_status ON tasks (status);
CREATE INDEX tasks_by_task_type ON tasks (task_type);
CREATE INDEX tasks_by_specialist ON tasks (specialist);
CREATE INDEX tasks_by_complexity ON tasks (complexity);
CREATE INDEX tasks_by_creation ON tasks (created_at);
-- Only what is open can become stale.
CREATE INDEX tasks_by_rest ON tasks (status, updated_at)
    WHERE status IN ('pending', 'active', 'blocked', 'suspended');

CREATE TABLE dependencies (
    task  INTEGER NOT NULL REFERENCES tasks (seq) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    needs INTEGER NOT NULL REFERENCES tasks (seq) ON DELETE CASCADE,
    PRIMARY KEY (task, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX dependencies_by_need ON dependencies (needs, task);

CREATE TABLE artifacts (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    task          INTEGER NOT NULL REFERENCES tasks (seq) ON DELETE CASCADE,
    artifact_type TEXT NOT NULL,
    sha256        BLOB NOT NULL,
    size          INTEGER NOT NULL,
    path          TEXT,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX artifacts_by_task ON artifacts (task);
CREATE INDEX artifacts_by_content ON artifacts (sha256);

-- The operation log: what was done, and what was answered. A row goes when its
-- client is known to have the answer, or when it is older than the retention.
CREATE TABLE operations (
    seq        INTEGER PRIMARY KEY,
    client     BLOB NOT NULL,
    sequence   INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    reply      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (client, sequence)
) STRICT;

-- The same for operations that carried a client's own key: these stay for the
-- whole retention, since the client may come back under another name.
CREATE TABLE keyed_operations (
    seq        INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    digest     BLOB NOT NULL,
    reply      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Long calls that stopped at a checkpoint, or that will be gone on with from
-- their last one when their worker dies. A row goes with the call's reply.
CREATE TABLE jobs (
    client     BLOB NOT NULL,
    sequence   INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    digest     BLOB NOT NULL,
    suspended  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    checkpoint TEXT NOT NULL,
    PRIMARY KEY (client, sequence)
) STRICT;

-- Calls that clients have run in the background, as the protocol's tasks extension has it:
-- what was asked, how far it is and what came of it, until its time is over.
-- operation: under which the effect is remembered and the checkpoint kept.
-- runner: the epoch of the worker that carries it out; NULL while nobody does.
-- questions, answers: JSON objects, each by the question's key. outcome: a result or an error.
CREATE TABLE background_calls (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    owner           TEXT NOT NULL,
    operation       BLOB NOT NULL,
    tool            TEXT NOT NULL,
    arguments       TEXT NOT NULL,
    idempotency_key TEXT,
    work_session    TEXT,
    status          TEXT NOT NULL,
    message         TEXT,
    cancelling      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    runner          INTEGER,
    questions       TEXT NOT NULL,
    answers         TEXT NOT NULL,
    outcome         TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX background_calls_by_owner ON background_calls (owner);
CREATE INDEX background_calls_open ON background_calls (seq) WHERE status = 'working';

-- How many tasks have this value. facet: status, task_type, specialist,
-- complexity (part 0); session, parent (part: whose, value: a status).
CREATE TABLE counts (
    facet TEXT NOT NULL,
    part  INTEGER NOT NULL,
    value TEXT NOT NULL,
    n     INTEGER NOT NULL,
    PRIMARY KEY (facet, part, value)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER count_insert AFTER INSERT ON tasks BEGIN
    INSERT INTO counts (facet, part, value, n) VALUES
        ('status', 0, new.status, 1),
        ('task_type', 0, new.task_type, 1),
        ('specialist', 0, new.specialist, 1),
        ('complexity', 0, new.complexity, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO counts (facet, part, value, n)
        SELECT 'session', new.session, new.status, 1 WHERE new.session IS NOT NULL
    ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO counts (facet, part, value, n)
        SELECT 'parent', new.parent, new.status, 1 WHERE new.parent IS NOT NULL
    ON CONFLICT DO UPDATE SET n = n + 1;
    UPDATE sessions SET last_activity = max(last_activity, new.updated_at) WHERE seq = new.session;
END;

CREATE TRIGGER count_delete AFTER DELETE ON tasks BEGIN
    UPDATE counts SET n = n - 1 WHERE facet = 'status' AND part = 0 AND value = old.status;
    UPDATE counts SET n = n - 1 WHERE facet = 'task_type' AND part = 0 AND value = old.task_type;
    UPDATE counts SET n = n - 1 WHERE facet = 'specialist' AND part = 0 AND value = old.specialist;
    UPDATE counts SET n = n - 1 WHERE facet = 'complexity' AND part = 0 AND value = old.complexity;
    UPDATE counts SET n = n - 1 WHERE facet = 'session' AND part = old.session AND value = old.status;
    UPDATE counts SET n = n - 1 WHERE facet = 'parent' AND part = old.parent AND value = old.status;
    DELETE FROM counts WHERE facet = 'parent' AND part = old.seq;
END;

CREATE TRIGGER count_status AFTER UPDATE OF status ON tasks WHEN old.status <> new.status BEGIN
    UPDATE counts SET n = n - 1 WHERE facet = 'status' AND part = 0 AND value = old.status;
    UPDATE counts SET n = n - 1 WHERE facet = 'session' AND part = old.session AND value = old.status;
    UPDATE counts SET n = n - 1 WHERE facet = 'parent' AND part = old.parent AND value = old.status;
    INSERT INTO counts (facet, part, value, n) VALUES ('status', 0, new.status, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO counts (facet, part, value, n)
        SELECT 'session', new.session, new.status, 1 WHERE new.session IS NOT NULL
    ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO counts (facet, part, value, n)
        SELECT 'parent', new.parent, new.status, 1 WHERE new.parent IS NOT NULL
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER count_facets AFTER UPDATE OF task_type, specialist, complexity ON tasks
WHEN old.task_type <> new.task_type OR old.specialist <> new.specialist OR old.complexity <> new.complexity BEGIN
    UPDATE counts SET n = n - 1 WHERE facet = 'task_type' AND part = 0 AND value = old.task_type;
    UPDATE counts SET n = n - 1 WHERE facet = 'specialist' AND part = 0 AND value = old.specialist;
    UPDATE counts SET n = n - 1 WHERE facet = 'complexity' AND part = 0 AND value = old.complexity;
    INSERT INTO counts (facet, part, value, n) VALUES
        ('task_type', 0, new.task_type, 1),
        ('specialist', 0, new.specialist, 1),
        ('complexity', 0, new.complexity, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER touch_session AFTER UPDATE ON tasks WHEN new.session IS NOT NULL BEGIN
    UPDATE sessions SET last_activity = max(last_activity, new.updated_at) WHERE seq = new.session;
END;

CREATE TRIGGER forget_session AFTER DELETE ON sessions BEGIN
    DELETE FROM counts WHERE facet = 'session' AND part = old.seq;
END;

CREATE TRIGGER count_deletions AFTER DELETE ON tasks BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'deletions';
END;

-- The words of the tasks by seq, without a second copy of the texts. Kept by
-- the writer once per commit: an index that is written within a savepoint
-- would be flushed for each operation.
CREATE VIRTUAL TABLE task_text USING fts5 (
    title, description, summary,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2"
);
