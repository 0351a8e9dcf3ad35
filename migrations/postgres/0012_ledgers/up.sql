-- Where a finding that was entered by hand comes from. An unsettled one may have several: it is counted once.
CREATE TABLE finding_origin (
    id uuid NOT NULL PRIMARY KEY,
    finding_id uuid NOT NULL REFERENCES finding (id),
    source text COLLATE "C" NOT NULL,
    document_number text COLLATE "C",
    document_date date,
    issuing_unit text COLLATE "C",
    received_on date NOT NULL,
    description text COLLATE "C" NOT NULL,
    due_on date,
    observed boolean NOT NULL,
    entered_by uuid NOT NULL REFERENCES user_account (id),
    entered_at timestamptz NOT NULL,
    UNIQUE (finding_id, source, document_number)
);

-- Who complained: sealed, and read through its own operation only.
CREATE TABLE finding_reporter (
    origin_id uuid NOT NULL PRIMARY KEY REFERENCES finding_origin (id),
    name text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    note text COLLATE "C"
);

-- Findings under one roof: a parent with its children, or a plan 整改方案.
CREATE TABLE finding_group (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    source text COLLATE "C",
    document_number text COLLATE "C",
    measures text COLLATE "C" NOT NULL,
    lead_unit text COLLATE "C" NOT NULL,
    lead_post text COLLATE "C" NOT NULL,
    lead_person text COLLATE "C" NOT NULL,
    due_on date,
    created_by uuid NOT NULL REFERENCES user_account (id),
    created_at timestamptz NOT NULL,
    revision integer NOT NULL
);

-- The findings of a group; each has one parent at the most.
CREATE TABLE finding_group_member (
    group_id uuid NOT NULL REFERENCES finding_group (id),
    finding_id uuid NOT NULL REFERENCES finding (id),
    kind text COLLATE "C" NOT NULL,
    added_by uuid NOT NULL REFERENCES user_account (id),
    added_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, finding_id)
);
CREATE INDEX finding_group_member_finding_id ON finding_group_member (finding_id);
CREATE UNIQUE INDEX finding_group_member_parent ON finding_group_member (finding_id) WHERE kind = 'parent';

-- 一中心一整改措施: what keeps a centre from being finished, and how far it is.
CREATE TABLE project (
    id uuid NOT NULL PRIMARY KEY,
    facility_id uuid NOT NULL REFERENCES facility (id),
    facility_name text COLLATE "C" NOT NULL,
    street_id uuid NOT NULL REFERENCES area (id),
    cause text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL,
    lead_agency text COLLATE "C" NOT NULL,
    waiting_for text COLLATE "C",
    unit text COLLATE "C" NOT NULL,
    post text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    refresh_days integer,
    opened_by uuid NOT NULL REFERENCES user_account (id),
    opened_at timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL,
    alerted_at timestamptz,
    finished_at timestamptz,
    finished_note text COLLATE "C",
    revision integer NOT NULL
);
CREATE INDEX project_street_id ON project (street_id);
CREATE UNIQUE INDEX project_running ON project (facility_id) WHERE finished_at IS NULL;

-- A milestone of a project.
CREATE TABLE project_milestone (
    project_id uuid NOT NULL REFERENCES project (id),
    position integer NOT NULL,
    title text COLLATE "C" NOT NULL,
    due_on date NOT NULL,
    done_on date,
    done_by uuid REFERENCES user_account (id),
    PRIMARY KEY (project_id, position)
);

-- The weekly report of a project.
CREATE TABLE project_update (
    id uuid NOT NULL PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES project (id),
    progress text COLLATE "C" NOT NULL,
    problems text COLLATE "C" NOT NULL,
    plan text COLLATE "C" NOT NULL,
    reported_by uuid NOT NULL REFERENCES user_account (id),
    reported_at timestamptz NOT NULL
);
CREATE INDEX project_update_project_id ON project_update (project_id);

-- A supervisor's written opinion 监督意见, and the bureau's answer.
CREATE TABLE opinion (
    id uuid NOT NULL PRIMARY KEY,
    finding_id uuid REFERENCES finding (id),
    letter_id uuid REFERENCES letter (id),
    street_id uuid NOT NULL REFERENCES area (id),
    facility_id uuid REFERENCES facility (id),
    said text COLLATE "C" NOT NULL,
    answer_due date NOT NULL,
    written_by uuid NOT NULL REFERENCES user_account (id),
    written_at timestamptz NOT NULL,
    answer text COLLATE "C",
    answered_by uuid REFERENCES user_account (id),
    answered_at timestamptz
);
CREATE INDEX opinion_street_id ON opinion (street_id);
CREATE INDEX opinion_finding_id ON opinion (finding_id);
CREATE INDEX opinion_letter_id ON opinion (letter_id);

-- What the ledger's exceptions and the day's list look for.
CREATE INDEX finding_event_kind ON finding_event (kind);
CREATE INDEX finding_request_result ON finding_request (result);
CREATE INDEX referral_result_at ON referral (result_at);
CREATE INDEX visit_participant_user_id ON visit_participant (user_id);
