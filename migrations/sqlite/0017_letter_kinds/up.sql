-- Letters of other kinds: the operator that one goes to, and what a person said for it (JSON).
ALTER TABLE letter ADD COLUMN operator TEXT;
ALTER TABLE letter ADD COLUMN terms TEXT;

-- What clerks changed of a draft; the newest is in force.
CREATE TABLE letter_edit (
    letter_id BLOB NOT NULL REFERENCES letter (id),
    version INTEGER NOT NULL,
    edits TEXT NOT NULL,
    comment TEXT,
    edited_by BLOB NOT NULL REFERENCES user_account (id),
    edited_at TEXT NOT NULL,
    PRIMARY KEY (letter_id, version)
);
