-- The loop: which way a finding has taken beside the straight one, and where it goes back to.
ALTER TABLE finding ADD COLUMN joint boolean NOT NULL DEFAULT false;
ALTER TABLE finding ADD COLUMN long_term boolean NOT NULL DEFAULT false;
ALTER TABLE finding ADD COLUMN drawn boolean NOT NULL DEFAULT false;
ALTER TABLE finding ADD COLUMN due_original date;
ALTER TABLE finding ADD COLUMN due_confirmed_by uuid REFERENCES user_account (id);
ALTER TABLE finding ADD COLUMN paused_at timestamptz;
ALTER TABLE finding ADD COLUMN resume_to text COLLATE "C";
ALTER TABLE finding ADD COLUMN paused_until date;
UPDATE finding SET due_original = due_on;
CREATE INDEX finding_state_due_on ON finding (state, due_on);

-- What one person asks for and another decides: more time, a dispute, 挂账, a termination.
CREATE TABLE finding_request (
    id uuid NOT NULL PRIMARY KEY,
    finding_id uuid NOT NULL REFERENCES finding (id),
    kind text COLLATE "C" NOT NULL,
    asked_by uuid NOT NULL REFERENCES user_account (id),
    asked_at timestamptz NOT NULL,
    reason text COLLATE "C" NOT NULL,
    ground text COLLATE "C",
    until date,
    result text COLLATE "C",
    decided_by uuid REFERENCES user_account (id),
    decided_at timestamptz,
    note text COLLATE "C",
    due_before date,
    due_after date
);
CREATE INDEX finding_request_finding_id_kind ON finding_request (finding_id, kind);
CREATE UNIQUE INDEX finding_request_pending ON finding_request (finding_id, kind) WHERE result IS NULL;

-- A stage of what is followed in stages 挂账.
CREATE TABLE finding_stage (
    request_id uuid NOT NULL REFERENCES finding_request (id),
    position integer NOT NULL,
    title text COLLATE "C" NOT NULL,
    due_on date NOT NULL,
    done_by uuid REFERENCES user_account (id),
    done_at timestamptz,
    note text COLLATE "C",
    PRIMARY KEY (request_id, position)
);

-- A finding passed on to another authority 移送.
CREATE TABLE referral (
    id uuid NOT NULL PRIMARY KEY,
    finding_id uuid NOT NULL REFERENCES finding (id),
    agency text COLLATE "C" NOT NULL,
    addressee text COLLATE "C" NOT NULL,
    imminent boolean NOT NULL,
    matter text COLLATE "C" NOT NULL,
    sent_by uuid NOT NULL REFERENCES user_account (id),
    sent_at timestamptz NOT NULL,
    received_by uuid REFERENCES user_account (id),
    received_at timestamptz,
    receipt_note text COLLATE "C",
    result text COLLATE "C",
    result_by uuid REFERENCES user_account (id),
    result_at timestamptz
);
CREATE INDEX referral_finding_id ON referral (finding_id);

-- A call or a visit about a finding 联络记录.
CREATE TABLE contact (
    id uuid NOT NULL PRIMARY KEY,
    finding_id uuid NOT NULL REFERENCES finding (id),
    method text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    note text COLLATE "C" NOT NULL,
    happened_on date NOT NULL,
    logged_by uuid NOT NULL REFERENCES user_account (id),
    logged_at timestamptz NOT NULL
);
CREATE INDEX contact_finding_id ON contact (finding_id);

-- The seed of a year's draw: which claims are looked at on site.
CREATE TABLE draw_seed (
    year integer NOT NULL PRIMARY KEY,
    seed text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    made_at timestamptz NOT NULL
);

-- What the bureau sets while it works.
CREATE TABLE setting (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    value text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    set_by uuid REFERENCES user_account (id),
    set_at timestamptz NOT NULL,
    revision integer NOT NULL
);
