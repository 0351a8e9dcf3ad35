-- A record of an 约谈 or a feedback meeting; what it says stands in its newest version.
CREATE TABLE meeting (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    area_id uuid NOT NULL REFERENCES area (id),
    campaign_id uuid REFERENCES campaign (id),
    held_at timestamptz NOT NULL,
    created_by uuid NOT NULL REFERENCES user_account (id),
    created_at timestamptz NOT NULL,
    revision integer NOT NULL
);

-- What the record of a meeting said, version by version.
CREATE TABLE meeting_version (
    meeting_id uuid NOT NULL REFERENCES meeting (id),
    revision integer NOT NULL,
    content text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    written_by uuid NOT NULL REFERENCES user_account (id),
    written_at timestamptz NOT NULL,
    PRIMARY KEY (meeting_id, revision)
);

-- The streets that a meeting concerns.
CREATE TABLE meeting_street (
    meeting_id uuid NOT NULL REFERENCES meeting (id),
    street_id uuid NOT NULL REFERENCES area (id),
    PRIMARY KEY (meeting_id, street_id)
);

-- The findings that a meeting is about.
CREATE TABLE meeting_finding (
    meeting_id uuid NOT NULL REFERENCES meeting (id),
    finding_id uuid NOT NULL REFERENCES finding (id),
    PRIMARY KEY (meeting_id, finding_id)
);
CREATE INDEX meeting_finding_finding_id ON meeting_finding (finding_id);

-- A next step that the clock has drafted; a person takes it up or dismisses it.
CREATE TABLE step_draft (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    addressee text COLLATE "C" NOT NULL,
    addressee_name text COLLATE "C" NOT NULL,
    street_id uuid REFERENCES area (id),
    campaign_id uuid REFERENCES campaign (id),
    group_key text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    text text COLLATE "C",
    drafted_at timestamptz NOT NULL,
    decided_by uuid REFERENCES user_account (id),
    decided_at timestamptz,
    note text COLLATE "C",
    letter_number text COLLATE "C",
    meeting_id uuid REFERENCES meeting (id),
    revision integer NOT NULL
);
CREATE UNIQUE INDEX step_draft_open ON step_draft (group_key) WHERE state = 'drafted';
CREATE INDEX step_draft_state ON step_draft (state);
CREATE INDEX step_draft_meeting_id ON step_draft (meeting_id);

-- A finding that a drafted step is about.
CREATE TABLE step_member (
    draft_id uuid NOT NULL REFERENCES step_draft (id),
    finding_id uuid NOT NULL REFERENCES finding (id),
    street_id uuid NOT NULL REFERENCES area (id),
    facility_id uuid NOT NULL REFERENCES facility (id),
    due_on date NOT NULL,
    added_at timestamptz NOT NULL,
    dropped_at timestamptz,
    dropped_why text COLLATE "C",
    PRIMARY KEY (draft_id, finding_id)
);
CREATE INDEX step_member_finding_id ON step_member (finding_id);

-- What the clock has marked: each once for a finding (or a stage of it) and a due day.
CREATE TABLE clock_mark (
    finding_id uuid NOT NULL REFERENCES finding (id),
    mark text COLLATE "C" NOT NULL,
    days integer NOT NULL,
    stage integer NOT NULL,
    due_on date NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    fires_on date NOT NULL,
    provisional boolean NOT NULL,
    marked_at timestamptz NOT NULL,
    draft_id uuid REFERENCES step_draft (id),
    PRIMARY KEY (finding_id, mark, days, stage, due_on)
);
