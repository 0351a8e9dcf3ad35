-- What a phone sent authentic but too late or out of place: kept whole until the clerk decides.
CREATE TABLE quarantine (
    id BLOB NOT NULL PRIMARY KEY,
    inspection_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    facility_id BLOB NOT NULL REFERENCES facility (id),
    street_id BLOB NOT NULL REFERENCES area (id),
    campaign_id BLOB REFERENCES campaign (id),
    submitted_by BLOB NOT NULL REFERENCES user_account (id),
    third_party BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL,
    decided_by BLOB REFERENCES user_account (id),
    decided_at TEXT,
    note TEXT
);
CREATE UNIQUE INDEX quarantine_inspection_id_submitted_by_version ON quarantine (inspection_id, submitted_by, version);
CREATE INDEX quarantine_street_id_state ON quarantine (street_id, state);
CREATE INDEX quarantine_received_at_id ON quarantine (received_at, id);

-- A later version of an inspection. It may come before its original, which therefore is no foreign key.
CREATE TABLE amendment (
    id BLOB NOT NULL PRIMARY KEY,
    inspection_id BLOB NOT NULL,
    submitted_by BLOB NOT NULL REFERENCES user_account (id),
    version INTEGER NOT NULL,
    third_party BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL,
    applied_at TEXT,
    receipt TEXT
);
CREATE UNIQUE INDEX amendment_inspection_id_submitted_by_version ON amendment (inspection_id, submitted_by, version);

-- The version of an inspection whose answers stand.
ALTER TABLE inspection ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- Declared by a version that no longer stands: it counts once it has arrived, and is not missing until then.
ALTER TABLE evidence ADD COLUMN superseded BOOLEAN NOT NULL DEFAULT 0;

-- Since when a finding stands in an issued letter.
ALTER TABLE finding ADD COLUMN printed_at TEXT;
UPDATE finding SET printed_at = (
    SELECT min(letter.issued_at)
    FROM letter_line JOIN letter ON letter.id = letter_line.letter_id
    WHERE letter_line.finding_id = finding.id AND letter.issued_at IS NOT NULL
);
CREATE INDEX finding_inspection_id ON finding (inspection_id);
