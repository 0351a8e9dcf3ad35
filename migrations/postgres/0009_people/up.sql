-- A deputy 代理 (AB角): who stands in for whom, from when to when, on what basis.
CREATE TABLE delegation (
    id uuid NOT NULL PRIMARY KEY,
    principal_id uuid NOT NULL REFERENCES user_account (id),
    deputy_id uuid NOT NULL REFERENCES user_account (id),
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    basis text COLLATE "C" NOT NULL,
    recorded_by uuid NOT NULL REFERENCES user_account (id),
    recorded_at timestamptz NOT NULL,
    revoked_by uuid REFERENCES user_account (id),
    revoked_at timestamptz,
    revoked_reason text COLLATE "C"
);
CREATE INDEX delegation_deputy_id ON delegation (deputy_id);
CREATE INDEX delegation_principal_id ON delegation (principal_id);

-- A role of the principal that the deputy gets while the delegation is in force.
CREATE TABLE delegation_grant (
    delegation_id uuid NOT NULL REFERENCES delegation (id),
    grant_id uuid NOT NULL REFERENCES user_grant (id),
    PRIMARY KEY (delegation_id, grant_id)
);

-- Who of the bureau is in charge of a finding, and who was before.
CREATE TABLE assignment (
    finding_id uuid NOT NULL REFERENCES finding (id),
    seq integer NOT NULL,
    user_id uuid NOT NULL REFERENCES user_account (id),
    since_at timestamptz NOT NULL,
    until_at timestamptz,
    assigned_by uuid NOT NULL REFERENCES user_account (id),
    reason text COLLATE "C",
    PRIMARY KEY (finding_id, seq)
);
CREATE INDEX assignment_user_id_until_at ON assignment (user_id, until_at);

-- A hand-over of everything that somebody had open.
CREATE TABLE handover (
    id uuid NOT NULL PRIMARY KEY,
    from_id uuid NOT NULL REFERENCES user_account (id),
    to_id uuid NOT NULL REFERENCES user_account (id),
    reason text COLLATE "C" NOT NULL,
    settled_reason text COLLATE "C",
    disabled boolean NOT NULL,
    by_id uuid NOT NULL REFERENCES user_account (id),
    at timestamptz NOT NULL
);
CREATE INDEX handover_from_id_id ON handover (from_id, id);

-- What a hand-over moved, or settled because it could not be moved.
CREATE TABLE handover_item (
    handover_id uuid NOT NULL REFERENCES handover (id),
    kind text COLLATE "C" NOT NULL,
    object_id uuid NOT NULL,
    label text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    PRIMARY KEY (handover_id, kind, object_id)
);

-- The clerk in charge; who drafted a letter or planned a campaign stays what it was.
ALTER TABLE letter ADD COLUMN clerk_id uuid REFERENCES user_account (id);
CREATE INDEX letter_clerk_id ON letter (clerk_id);
ALTER TABLE campaign ADD COLUMN clerk_id uuid REFERENCES user_account (id);
CREATE INDEX campaign_clerk_id ON campaign (clerk_id);

-- For whom a deputy took the step.
ALTER TABLE letter ADD COLUMN submitted_for uuid REFERENCES user_account (id);
ALTER TABLE letter ADD COLUMN approved_for uuid REFERENCES user_account (id);
ALTER TABLE letter ADD COLUMN issued_for uuid REFERENCES user_account (id);

UPDATE letter SET clerk_id = drafted_by;
UPDATE campaign SET clerk_id = created_by;
