-- The database of one agent: the Raft logs of its voters, the journal of agreed facts, and small local facts.
-- Every number is below 2^62, so that it fits the signed integers of SQLite.

-- What a voter has promised: never to be lost, else it could vote twice in one term.
CREATE TABLE raft_hard (
    id     INTEGER PRIMARY KEY,
    term   INTEGER NOT NULL,
    vote   INTEGER NOT NULL,            -- 0: nobody
    commit_index INTEGER NOT NULL
) STRICT;

CREATE TABLE raft_entries (
    id     INTEGER NOT NULL,
    idx    INTEGER NOT NULL,
    term   INTEGER NOT NULL,
    bytes  BLOB NOT NULL,               -- empty: a new leader's first entry
    PRIMARY KEY (id, idx)
) STRICT;

-- The state in place of the entries up to cut_index, which are gone; idx is never less than cut_index.
CREATE TABLE raft_snapshots (
    id     INTEGER PRIMARY KEY,
    cut_index INTEGER NOT NULL,
    cut_term  INTEGER NOT NULL,
    idx    INTEGER NOT NULL,
    term   INTEGER NOT NULL,
    conf   BLOB NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;

-- Every agreed fact, once. Rows are added at the end and never changed.
CREATE TABLE journal (
    idx    INTEGER PRIMARY KEY,
    term   INTEGER NOT NULL,
    bytes  BLOB NOT NULL,
    head   BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
CREATE TRIGGER journal_is_not_rewritten BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;

-- Where a snapshot took the place of facts that this site has not seen: the chain goes on from `head`.
CREATE TABLE gaps (
    after  INTEGER PRIMARY KEY,
    head   BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;

CREATE TABLE kept (
    key    TEXT PRIMARY KEY,
    value  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
