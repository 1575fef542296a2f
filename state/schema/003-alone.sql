-- What persons did at a carrier from this site without an agreement: a chain of its own, told to all when it can be.
CREATE TABLE alone (
    n      INTEGER PRIMARY KEY,
    bytes  BLOB NOT NULL,
    head   BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
CREATE TRIGGER alone_is_not_rewritten BEFORE UPDATE ON alone
    BEGIN SELECT RAISE(ABORT, 'what was done alone is append only'); END;
CREATE TRIGGER alone_is_not_shortened BEFORE DELETE ON alone
    BEGIN SELECT RAISE(ABORT, 'what was done alone is append only'); END;
