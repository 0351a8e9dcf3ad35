-- The street's answer 复函 to a letter: a draft, frozen when it is sent. A letter may have several; one at a time is a draft.
CREATE TABLE letter_reply (
    id uuid NOT NULL PRIMARY KEY,
    letter_id uuid NOT NULL REFERENCES letter (id),
    state text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    document_number text COLLATE "C",
    replied_on date,
    remarks text COLLATE "C",
    document text COLLATE "C",
    created_by uuid NOT NULL REFERENCES user_account (id),
    created_at timestamptz NOT NULL,
    sent_by uuid REFERENCES user_account (id),
    sent_for uuid REFERENCES user_account (id),
    sent_at timestamptz,
    revision integer NOT NULL
);
CREATE INDEX letter_reply_letter_id ON letter_reply (letter_id);
CREATE UNIQUE INDEX letter_reply_one_draft ON letter_reply (letter_id) WHERE state = 'draft';

-- What it says of each line of the annex, and what became of that when it was sent.
CREATE TABLE letter_reply_line (
    reply_id uuid NOT NULL REFERENCES letter_reply (id),
    finding_id uuid NOT NULL REFERENCES finding (id),
    row integer NOT NULL,
    answer text COLLATE "C" NOT NULL,
    measures text COLLATE "C",
    reason text COLLATE "C",
    claimed_on date,
    proposed_due date,
    similar_check text COLLATE "C",
    system_measures text COLLATE "C",
    supervisor text COLLATE "C",
    photos text COLLATE "C" NOT NULL,
    outcome text COLLATE "C",
    code text COLLATE "C",
    detail text COLLATE "C",
    PRIMARY KEY (reply_id, finding_id)
);
CREATE INDEX letter_reply_line_finding_id ON letter_reply_line (finding_id);

-- Its files: the scan of the sealed 复函, the newest in force, and what is attached to it.
CREATE TABLE letter_reply_file (
    id uuid NOT NULL PRIMARY KEY,
    reply_id uuid NOT NULL REFERENCES letter_reply (id),
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    length bigint NOT NULL,
    added_by uuid NOT NULL REFERENCES user_account (id),
    added_at timestamptz NOT NULL
);
CREATE INDEX letter_reply_file_reply_id ON letter_reply_file (reply_id);
CREATE INDEX letter_reply_file_sha256 ON letter_reply_file (sha256);
