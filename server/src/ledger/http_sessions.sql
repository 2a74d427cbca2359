-- Since version 2. Sessions over HTTP, which outlive the front that opened them.
CREATE TABLE http_sessions (
    digest        BLOB PRIMARY KEY,
    client        BLOB NOT NULL,
    token         TEXT,
    record        BLOB NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_used     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
