-- What a phone sent authentic but too late or out of place: kept whole until the clerk decides.
CREATE TABLE quarantine (
    id uuid NOT NULL PRIMARY KEY,
    inspection_id uuid NOT NULL,
    version integer NOT NULL,
    reason text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    facility_id uuid NOT NULL REFERENCES facility (id),
    street_id uuid NOT NULL REFERENCES area (id),
    campaign_id uuid REFERENCES campaign (id),
    submitted_by uuid NOT NULL REFERENCES user_account (id),
    third_party boolean NOT NULL,
    body text COLLATE "C" NOT NULL,
    body_sha256 text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    decided_by uuid REFERENCES user_account (id),
    decided_at timestamptz,
    note text COLLATE "C"
);
CREATE UNIQUE INDEX quarantine_inspection_id_submitted_by_version ON quarantine (inspection_id, submitted_by, version);
CREATE INDEX quarantine_street_id_state ON quarantine (street_id, state);
CREATE INDEX quarantine_received_at_id ON quarantine (received_at, id);

-- A later version of an inspection. It may come before its original, which therefore is no foreign key.
CREATE TABLE amendment (
    id uuid NOT NULL PRIMARY KEY,
    inspection_id uuid NOT NULL,
    submitted_by uuid NOT NULL REFERENCES user_account (id),
    version integer NOT NULL,
    third_party boolean NOT NULL,
    body text COLLATE "C" NOT NULL,
    body_sha256 text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at timestamptz,
    receipt text COLLATE "C"
);
CREATE UNIQUE INDEX amendment_inspection_id_submitted_by_version ON amendment (inspection_id, submitted_by, version);

-- The version of an inspection whose answers stand.
ALTER TABLE inspection ADD COLUMN version integer NOT NULL DEFAULT 1;

-- Declared by a version that no longer stands: it counts once it has arrived, and is not missing until then.
ALTER TABLE evidence ADD COLUMN superseded boolean NOT NULL DEFAULT false;

-- Since when a finding stands in an issued letter.
ALTER TABLE finding ADD COLUMN printed_at timestamptz;
UPDATE finding SET printed_at = (
    SELECT min(letter.issued_at)
    FROM letter_line JOIN letter ON letter.id = letter_line.letter_id
    WHERE letter_line.finding_id = finding.id AND letter.issued_at IS NOT NULL
);
CREATE INDEX finding_inspection_id ON finding (inspection_id);
