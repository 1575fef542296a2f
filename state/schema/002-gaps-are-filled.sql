-- A gap that was filled stays as a mark: the journal reaches so far, also where its last entries were no facts.
ALTER TABLE gaps ADD COLUMN filled INTEGER NOT NULL DEFAULT 0 CHECK (filled IN (0, 1));
