-- The loop: which way a finding has taken beside the straight one, and where it goes back to.
ALTER TABLE finding ADD COLUMN joint BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN long_term BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN drawn BOOLEAN NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN due_original TEXT;
ALTER TABLE finding ADD COLUMN due_confirmed_by BLOB REFERENCES user_account (id);
ALTER TABLE finding ADD COLUMN paused_at TEXT;
ALTER TABLE finding ADD COLUMN resume_to TEXT;
ALTER TABLE finding ADD COLUMN paused_until TEXT;
UPDATE finding SET due_original = due_on;
CREATE INDEX finding_state_due_on ON finding (state, due_on);

-- What one person asks for and another decides: more time, a dispute, 挂账, a termination.
CREATE TABLE finding_request (
    id BLOB NOT NULL PRIMARY KEY,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    kind TEXT NOT NULL,
    asked_by BLOB NOT NULL REFERENCES user_account (id),
    asked_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    ground TEXT,
    until TEXT,
    result TEXT,
    decided_by BLOB REFERENCES user_account (id),
    decided_at TEXT,
    note TEXT,
    due_before TEXT,
    due_after TEXT
);
CREATE INDEX finding_request_finding_id_kind ON finding_request (finding_id, kind);
CREATE UNIQUE INDEX finding_request_pending ON finding_request (finding_id, kind) WHERE result IS NULL;

-- A stage of what is followed in stages 挂账.
CREATE TABLE finding_stage (
    request_id BLOB NOT NULL REFERENCES finding_request (id),
    position INTEGER NOT NULL,
    title TEXT NOT NULL,
    due_on TEXT NOT NULL,
    done_by BLOB REFERENCES user_account (id),
    done_at TEXT,
    note TEXT,
    PRIMARY KEY (request_id, position)
);

-- A finding passed on to another authority 移送.
CREATE TABLE referral (
    id BLOB NOT NULL PRIMARY KEY,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    agency TEXT NOT NULL,
    addressee TEXT NOT NULL,
    imminent BOOLEAN NOT NULL,
    matter TEXT NOT NULL,
    sent_by BLOB NOT NULL REFERENCES user_account (id),
    sent_at TEXT NOT NULL,
    received_by BLOB REFERENCES user_account (id),
    received_at TEXT,
    receipt_note TEXT,
    result TEXT,
    result_by BLOB REFERENCES user_account (id),
    result_at TEXT
);
CREATE INDEX referral_finding_id ON referral (finding_id);

-- A call or a visit about a finding 联络记录.
CREATE TABLE contact (
    id BLOB NOT NULL PRIMARY KEY,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    method TEXT NOT NULL,
    person TEXT NOT NULL,
    note TEXT NOT NULL,
    happened_on TEXT NOT NULL,
    logged_by BLOB NOT NULL REFERENCES user_account (id),
    logged_at TEXT NOT NULL
);
CREATE INDEX contact_finding_id ON contact (finding_id);

-- The seed of a year's draw: which claims are looked at on site.
CREATE TABLE draw_seed (
    year INTEGER NOT NULL PRIMARY KEY,
    seed TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    made_at TEXT NOT NULL
);

-- What the bureau sets while it works.
CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_by BLOB REFERENCES user_account (id),
    set_at TEXT NOT NULL,
    revision INTEGER NOT NULL
);
