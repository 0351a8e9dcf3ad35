-- A deputy 代理 (AB角): who stands in for whom, from when to when, on what basis.
CREATE TABLE delegation (
    id BLOB NOT NULL PRIMARY KEY,
    principal_id BLOB NOT NULL REFERENCES user_account (id),
    deputy_id BLOB NOT NULL REFERENCES user_account (id),
    valid_from TEXT NOT NULL,
    valid_to TEXT NOT NULL,
    basis TEXT NOT NULL,
    recorded_by BLOB NOT NULL REFERENCES user_account (id),
    recorded_at TEXT NOT NULL,
    revoked_by BLOB REFERENCES user_account (id),
    revoked_at TEXT,
    revoked_reason TEXT
);
CREATE INDEX delegation_deputy_id ON delegation (deputy_id);
CREATE INDEX delegation_principal_id ON delegation (principal_id);

-- A role of the principal that the deputy gets while the delegation is in force.
CREATE TABLE delegation_grant (
    delegation_id BLOB NOT NULL REFERENCES delegation (id),
    grant_id BLOB NOT NULL REFERENCES user_grant (id),
    PRIMARY KEY (delegation_id, grant_id)
);

-- Who of the bureau is in charge of a finding, and who was before.
CREATE TABLE assignment (
    finding_id BLOB NOT NULL REFERENCES finding (id),
    seq INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES user_account (id),
    since_at TEXT NOT NULL,
    until_at TEXT,
    assigned_by BLOB NOT NULL REFERENCES user_account (id),
    reason TEXT,
    PRIMARY KEY (finding_id, seq)
);
CREATE INDEX assignment_user_id_until_at ON assignment (user_id, until_at);

-- A hand-over of everything that somebody had open.
CREATE TABLE handover (
    id BLOB NOT NULL PRIMARY KEY,
    from_id BLOB NOT NULL REFERENCES user_account (id),
    to_id BLOB NOT NULL REFERENCES user_account (id),
    reason TEXT NOT NULL,
    settled_reason TEXT,
    disabled BOOLEAN NOT NULL,
    by_id BLOB NOT NULL REFERENCES user_account (id),
    at TEXT NOT NULL
);
CREATE INDEX handover_from_id_id ON handover (from_id, id);

-- What a hand-over moved, or settled because it could not be moved.
CREATE TABLE handover_item (
    handover_id BLOB NOT NULL REFERENCES handover (id),
    kind TEXT NOT NULL,
    object_id BLOB NOT NULL,
    label TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (handover_id, kind, object_id)
);

-- The clerk in charge; who drafted a letter or planned a campaign stays what it was.
ALTER TABLE letter ADD COLUMN clerk_id BLOB REFERENCES user_account (id);
CREATE INDEX letter_clerk_id ON letter (clerk_id);
ALTER TABLE campaign ADD COLUMN clerk_id BLOB REFERENCES user_account (id);
CREATE INDEX campaign_clerk_id ON campaign (clerk_id);

-- For whom a deputy took the step.
ALTER TABLE letter ADD COLUMN submitted_for BLOB REFERENCES user_account (id);
ALTER TABLE letter ADD COLUMN approved_for BLOB REFERENCES user_account (id);
ALTER TABLE letter ADD COLUMN issued_for BLOB REFERENCES user_account (id);

UPDATE letter SET clerk_id = drafted_by;
UPDATE campaign SET clerk_id = created_by;
