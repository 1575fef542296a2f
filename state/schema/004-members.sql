-- Members come and go: a snapshot says who sits where, and an entry what it changes.

ALTER TABLE raft_snapshots ADD COLUMN seats BLOB;      -- null: written by schema 1, which has them in `conf`
ALTER TABLE raft_entries ADD COLUMN change BLOB;       -- null: it changes nothing
