-- The street's answer 复函 to a letter: a draft, frozen when it is sent. A letter may have several; one at a time is a draft.
CREATE TABLE letter_reply (
    id BLOB NOT NULL PRIMARY KEY,
    letter_id BLOB NOT NULL REFERENCES letter (id),
    state TEXT NOT NULL,
    unit TEXT NOT NULL,
    document_number TEXT,
    replied_on TEXT,
    remarks TEXT,
    document TEXT,
    created_by BLOB NOT NULL REFERENCES user_account (id),
    created_at TEXT NOT NULL,
    sent_by BLOB REFERENCES user_account (id),
    sent_for BLOB REFERENCES user_account (id),
    sent_at TEXT,
    revision INTEGER NOT NULL
);
CREATE INDEX letter_reply_letter_id ON letter_reply (letter_id);
CREATE UNIQUE INDEX letter_reply_one_draft ON letter_reply (letter_id) WHERE state = 'draft';

-- What it says of each line of the annex, and what became of that when it was sent.
CREATE TABLE letter_reply_line (
    reply_id BLOB NOT NULL REFERENCES letter_reply (id),
    finding_id BLOB NOT NULL REFERENCES finding (id),
    row INTEGER NOT NULL,
    answer TEXT NOT NULL,
    measures TEXT,
    reason TEXT,
    claimed_on TEXT,
    proposed_due TEXT,
    similar_check TEXT,
    system_measures TEXT,
    supervisor TEXT,
    photos TEXT NOT NULL,
    outcome TEXT,
    code TEXT,
    detail TEXT,
    PRIMARY KEY (reply_id, finding_id)
);
CREATE INDEX letter_reply_line_finding_id ON letter_reply_line (finding_id);

-- Its files: the scan of the sealed 复函, the newest in force, and what is attached to it.
CREATE TABLE letter_reply_file (
    id BLOB NOT NULL PRIMARY KEY,
    reply_id BLOB NOT NULL REFERENCES letter_reply (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    length BIGINT NOT NULL,
    added_by BLOB NOT NULL REFERENCES user_account (id),
    added_at TEXT NOT NULL
);
CREATE INDEX letter_reply_file_reply_id ON letter_reply_file (reply_id);
CREATE INDEX letter_reply_file_sha256 ON letter_reply_file (sha256);
