-- Letters of other kinds: the operator that one goes to, and what a person said for it (JSON).
ALTER TABLE letter ADD COLUMN operator text COLLATE "C";
ALTER TABLE letter ADD COLUMN terms text COLLATE "C";

-- What clerks changed of a draft; the newest is in force.
CREATE TABLE letter_edit (
    letter_id uuid NOT NULL REFERENCES letter (id),
    version integer NOT NULL,
    edits text COLLATE "C" NOT NULL,
    comment text COLLATE "C",
    edited_by uuid NOT NULL REFERENCES user_account (id),
    edited_at timestamptz NOT NULL,
    PRIMARY KEY (letter_id, version)
);
