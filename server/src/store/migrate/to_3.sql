-- From schema 2 to schema 3: calls that run in the background. Only adds; the builds of
-- schema 2 and 1 may go on, and leave these calls alone.

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
