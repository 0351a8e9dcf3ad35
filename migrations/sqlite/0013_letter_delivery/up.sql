-- When somebody last proved who they are by their password: what binds the bureau asks for it anew.
ALTER TABLE session ADD COLUMN proven_at TEXT;

-- The letter that this one corrects, withdraws or is issued instead of; the template and fonts that it was issued with.
ALTER TABLE letter ADD COLUMN original_id BLOB REFERENCES letter (id);
ALTER TABLE letter ADD COLUMN made_with TEXT;
CREATE INDEX letter_original_id ON letter (original_id);

-- What was submitted, each time: the frozen letter of every round of review.
CREATE TABLE letter_version (
    letter_id BLOB NOT NULL REFERENCES letter (id),
    version INTEGER NOT NULL,
    facts_sha256 TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    submitted_by BLOB NOT NULL REFERENCES user_account (id),
    submitted_at TEXT NOT NULL,
    PRIMARY KEY (letter_id, version)
);

-- The seal 用印 with its scan; the newest is in force, none is ever removed.
CREATE TABLE letter_seal (
    id BLOB NOT NULL PRIMARY KEY,
    letter_id BLOB NOT NULL REFERENCES letter (id),
    seq INTEGER NOT NULL,
    sealed_on TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    length BIGINT NOT NULL,
    note TEXT,
    sealed_by BLOB NOT NULL REFERENCES user_account (id),
    at TEXT NOT NULL,
    UNIQUE (letter_id, seq)
);
CREATE INDEX letter_seal_sha256 ON letter_seal (sha256);

-- Delivery 送达 and receipt 签收.
CREATE TABLE letter_delivery (
    letter_id BLOB NOT NULL PRIMARY KEY REFERENCES letter (id),
    channel TEXT NOT NULL,
    delivered_by BLOB REFERENCES user_account (id),
    delivered_at TEXT NOT NULL,
    note TEXT,
    acknowledged_by BLOB REFERENCES user_account (id),
    acknowledged_at TEXT,
    received_by TEXT,
    received_on TEXT
);
CREATE INDEX letter_delivery_delivered_at ON letter_delivery (delivered_at);
CREATE INDEX letter_document_sha256 ON letter (document_sha256);

-- Until now a street had its letter as soon as the document was there.
INSERT INTO letter_delivery (letter_id, channel, delivered_at)
SELECT id, 'inbox', document_at FROM letter WHERE state = 'document_ready';
UPDATE letter SET state = 'delivered' WHERE state = 'document_ready';

INSERT INTO letter_version (letter_id, version, facts_sha256, snapshot, submitted_by, submitted_at)
SELECT id, 1, facts_sha256, snapshot, submitted_by, submitted_at FROM letter
WHERE snapshot IS NOT NULL AND facts_sha256 IS NOT NULL AND submitted_by IS NOT NULL AND submitted_at IS NOT NULL;
