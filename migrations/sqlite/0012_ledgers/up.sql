-- Where a finding that was entered by hand comes from. An unsettled one may have several: it is counted once.
CREATE TABLE finding_origin (
    id BLOB NOT NULL PRIMARY KEY,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    source TEXT NOT NULL,
    document_number TEXT,
    document_date TEXT,
    issuing_unit TEXT,
    received_on TEXT NOT NULL,
    description TEXT NOT NULL,
    due_on TEXT,
    observed BOOLEAN NOT NULL,
    entered_by BLOB NOT NULL REFERENCES user_account (id),
    entered_at TEXT NOT NULL,
    UNIQUE (finding_id, source, document_number)
);

-- Who complained: sealed, and read through its own operation only.
CREATE TABLE finding_reporter (
    origin_id BLOB NOT NULL PRIMARY KEY REFERENCES finding_origin (id),
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    note TEXT
);

-- Findings under one roof: a parent with its children, or a plan 整改方案.
CREATE TABLE finding_group (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    source TEXT,
    document_number TEXT,
    measures TEXT NOT NULL,
    lead_unit TEXT NOT NULL,
    lead_post TEXT NOT NULL,
    lead_person TEXT NOT NULL,
    due_on TEXT,
    created_by BLOB NOT NULL REFERENCES user_account (id),
    created_at TEXT NOT NULL,
    revision INTEGER NOT NULL
);

-- The findings of a group; each has one parent at the most.
CREATE TABLE finding_group_member (
    group_id BLOB NOT NULL REFERENCES finding_group (id),
    finding_id BLOB NOT NULL REFERENCES finding (id),
    kind TEXT NOT NULL,
    added_by BLOB NOT NULL REFERENCES user_account (id),
    added_at TEXT NOT NULL,
    PRIMARY KEY (group_id, finding_id)
);
CREATE INDEX finding_group_member_finding_id ON finding_group_member (finding_id);
CREATE UNIQUE INDEX finding_group_member_parent ON finding_group_member (finding_id) WHERE kind = 'parent';

-- 一中心一整改措施: what keeps a centre from being finished, and how far it is.
CREATE TABLE project (
    id BLOB NOT NULL PRIMARY KEY,
    facility_id BLOB NOT NULL REFERENCES facility (id),
    facility_name TEXT NOT NULL,
    street_id BLOB NOT NULL REFERENCES area (id),
    cause TEXT NOT NULL,
    measure TEXT NOT NULL,
    lead_agency TEXT NOT NULL,
    waiting_for TEXT,
    unit TEXT NOT NULL,
    post TEXT NOT NULL,
    person TEXT NOT NULL,
    refresh_days INTEGER,
    opened_by BLOB NOT NULL REFERENCES user_account (id),
    opened_at TEXT NOT NULL,
    refreshed_at TEXT NOT NULL,
    alerted_at TEXT,
    finished_at TEXT,
    finished_note TEXT,
    revision INTEGER NOT NULL
);
CREATE INDEX project_street_id ON project (street_id);
CREATE UNIQUE INDEX project_running ON project (facility_id) WHERE finished_at IS NULL;

-- A milestone of a project.
CREATE TABLE project_milestone (
    project_id BLOB NOT NULL REFERENCES project (id),
    position INTEGER NOT NULL,
    title TEXT NOT NULL,
    due_on TEXT NOT NULL,
    done_on TEXT,
    done_by BLOB REFERENCES user_account (id),
    PRIMARY KEY (project_id, position)
);

-- The weekly report of a project.
CREATE TABLE project_update (
    id BLOB NOT NULL PRIMARY KEY,
    project_id BLOB NOT NULL REFERENCES project (id),
    progress TEXT NOT NULL,
    problems TEXT NOT NULL,
    plan TEXT NOT NULL,
    reported_by BLOB NOT NULL REFERENCES user_account (id),
    reported_at TEXT NOT NULL
);
CREATE INDEX project_update_project_id ON project_update (project_id);

-- A supervisor's written opinion 监督意见, and the bureau's answer.
CREATE TABLE opinion (
    id BLOB NOT NULL PRIMARY KEY,
    finding_id BLOB REFERENCES finding (id),
    letter_id BLOB REFERENCES letter (id),
    street_id BLOB NOT NULL REFERENCES area (id),
    facility_id BLOB REFERENCES facility (id),
    said TEXT NOT NULL,
    answer_due TEXT NOT NULL,
    written_by BLOB NOT NULL REFERENCES user_account (id),
    written_at TEXT NOT NULL,
    answer TEXT,
    answered_by BLOB REFERENCES user_account (id),
    answered_at TEXT
);
CREATE INDEX opinion_street_id ON opinion (street_id);
CREATE INDEX opinion_finding_id ON opinion (finding_id);
CREATE INDEX opinion_letter_id ON opinion (letter_id);

-- What the ledger's exceptions and the day's list look for.
CREATE INDEX finding_event_kind ON finding_event (kind);
CREATE INDEX finding_request_result ON finding_request (result);
CREATE INDEX referral_result_at ON referral (result_at);
CREATE INDEX visit_participant_user_id ON visit_participant (user_id);
