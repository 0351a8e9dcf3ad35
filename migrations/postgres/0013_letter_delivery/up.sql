-- When somebody last proved who they are by their password: what binds the bureau asks for it anew.
ALTER TABLE session ADD COLUMN proven_at timestamptz;

-- The letter that this one corrects, withdraws or is issued instead of; the template and fonts that it was issued with.
ALTER TABLE letter ADD COLUMN original_id uuid REFERENCES letter (id);
ALTER TABLE letter ADD COLUMN made_with text COLLATE "C";
CREATE INDEX letter_original_id ON letter (original_id);

-- What was submitted, each time: the frozen letter of every round of review.
CREATE TABLE letter_version (
    letter_id uuid NOT NULL REFERENCES letter (id),
    version integer NOT NULL,
    facts_sha256 text COLLATE "C" NOT NULL,
    snapshot text COLLATE "C" NOT NULL,
    submitted_by uuid NOT NULL REFERENCES user_account (id),
    submitted_at timestamptz NOT NULL,
    PRIMARY KEY (letter_id, version)
);

-- The seal 用印 with its scan; the newest is in force, none is ever removed.
CREATE TABLE letter_seal (
    id uuid NOT NULL PRIMARY KEY,
    letter_id uuid NOT NULL REFERENCES letter (id),
    seq integer NOT NULL,
    sealed_on date NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    length bigint NOT NULL,
    note text COLLATE "C",
    sealed_by uuid NOT NULL REFERENCES user_account (id),
    at timestamptz NOT NULL,
    UNIQUE (letter_id, seq)
);
CREATE INDEX letter_seal_sha256 ON letter_seal (sha256);

-- Delivery 送达 and receipt 签收.
CREATE TABLE letter_delivery (
    letter_id uuid NOT NULL PRIMARY KEY REFERENCES letter (id),
    channel text COLLATE "C" NOT NULL,
    delivered_by uuid REFERENCES user_account (id),
    delivered_at timestamptz NOT NULL,
    note text COLLATE "C",
    acknowledged_by uuid REFERENCES user_account (id),
    acknowledged_at timestamptz,
    received_by text COLLATE "C",
    received_on date
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
