-- A record of an 约谈 or a feedback meeting; what it says stands in its newest version.
CREATE TABLE meeting (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    area_id BLOB NOT NULL REFERENCES area (id),
    campaign_id BLOB REFERENCES campaign (id),
    held_at TEXT NOT NULL,
    created_by BLOB NOT NULL REFERENCES user_account (id),
    created_at TEXT NOT NULL,
    revision INTEGER NOT NULL
);

-- What the record of a meeting said, version by version.
CREATE TABLE meeting_version (
    meeting_id BLOB NOT NULL REFERENCES meeting (id),
    revision INTEGER NOT NULL,
    content TEXT NOT NULL,
    reason TEXT,
    written_by BLOB NOT NULL REFERENCES user_account (id),
    written_at TEXT NOT NULL,
    PRIMARY KEY (meeting_id, revision)
);

-- The streets that a meeting concerns.
CREATE TABLE meeting_street (
    meeting_id BLOB NOT NULL REFERENCES meeting (id),
    street_id BLOB NOT NULL REFERENCES area (id),
    PRIMARY KEY (meeting_id, street_id)
);

-- The findings that a meeting is about.
CREATE TABLE meeting_finding (
    meeting_id BLOB NOT NULL REFERENCES meeting (id),
    finding_id BLOB NOT NULL REFERENCES finding (id),
    PRIMARY KEY (meeting_id, finding_id)
);
CREATE INDEX meeting_finding_finding_id ON meeting_finding (finding_id);

-- A next step that the clock has drafted; a person takes it up or dismisses it.
CREATE TABLE step_draft (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    addressee TEXT NOT NULL,
    addressee_name TEXT NOT NULL,
    street_id BLOB REFERENCES area (id),
    campaign_id BLOB REFERENCES campaign (id),
    group_key TEXT NOT NULL,
    state TEXT NOT NULL,
    text TEXT,
    drafted_at TEXT NOT NULL,
    decided_by BLOB REFERENCES user_account (id),
    decided_at TEXT,
    note TEXT,
    letter_number TEXT,
    meeting_id BLOB REFERENCES meeting (id),
    revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX step_draft_open ON step_draft (group_key) WHERE state = 'drafted';
CREATE INDEX step_draft_state ON step_draft (state);
CREATE INDEX step_draft_meeting_id ON step_draft (meeting_id);

-- A finding that a drafted step is about.
CREATE TABLE step_member (
    draft_id BLOB NOT NULL REFERENCES step_draft (id),
    finding_id BLOB NOT NULL REFERENCES finding (id),
    street_id BLOB NOT NULL REFERENCES area (id),
    facility_id BLOB NOT NULL REFERENCES facility (id),
    due_on TEXT NOT NULL,
    added_at TEXT NOT NULL,
    dropped_at TEXT,
    dropped_why TEXT,
    PRIMARY KEY (draft_id, finding_id)
);
CREATE INDEX step_member_finding_id ON step_member (finding_id);

-- What the clock has marked: each once for a finding (or a stage of it) and a due day.
CREATE TABLE clock_mark (
    finding_id BLOB NOT NULL REFERENCES finding (id),
    mark TEXT NOT NULL,
    days INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    due_on TEXT NOT NULL,
    outcome TEXT NOT NULL,
    fires_on TEXT NOT NULL,
    provisional BOOLEAN NOT NULL,
    marked_at TEXT NOT NULL,
    draft_id BLOB REFERENCES step_draft (id),
    PRIMARY KEY (finding_id, mark, days, stage, due_on)
);
