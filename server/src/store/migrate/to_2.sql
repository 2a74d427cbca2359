-- From schema 1 to schema 2: two workers may write for a while, long calls have
-- checkpoints, and deletions are counted. Only adds; schema 1's builds may go on.

INSERT INTO meta (key, value) VALUES ('draining', 0), ('deletions', 0), ('compatible_from', 1);

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

CREATE TRIGGER count_deletions AFTER DELETE ON tasks BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'deletions';
END;
