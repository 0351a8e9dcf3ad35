-- An area 区划: stable id, code, dates.
CREATE TABLE area (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    level TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT
);

-- Dated names and parent of an area.
CREATE TABLE area_version (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    area_id BLOB NOT NULL REFERENCES area (id),
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    parent_id BLOB REFERENCES area (id),
    name TEXT NOT NULL,
    office_name TEXT NOT NULL,
    short_name TEXT NOT NULL,
    UNIQUE (area_id, valid_from)
);
CREATE INDEX area_version_parent_id ON area_version (parent_id);

-- What an ended area became.
CREATE TABLE area_successor (
    area_id BLOB NOT NULL REFERENCES area (id),
    successor_id BLOB NOT NULL REFERENCES area (id),
    since TEXT NOT NULL,
    PRIMARY KEY (area_id, successor_id)
);

-- A person with a login.
CREATE TABLE user_account (
    id BLOB NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    organisation TEXT NOT NULL,
    third_party BOOLEAN NOT NULL,
    certificate TEXT,
    password_hash TEXT NOT NULL,
    password_set_at TEXT NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    disabled_at TEXT,
    token_version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL
);

-- Earlier password hashes.
CREATE TABLE password_history (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id BLOB NOT NULL REFERENCES user_account (id),
    password_hash TEXT NOT NULL,
    set_at TEXT NOT NULL
);
CREATE INDEX password_history_user_id ON password_history (user_id);

-- A role with its reach and dates.
CREATE TABLE user_grant (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES user_account (id),
    role TEXT NOT NULL,
    area_id BLOB REFERENCES area (id),
    facility_id BLOB,
    category TEXT,
    valid_from TEXT NOT NULL,
    valid_to TEXT
);
CREATE INDEX user_grant_user_id ON user_grant (user_id);

-- A login, in machine time.
CREATE TABLE session (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES user_account (id),
    created_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    revoked_at TEXT,
    revoked_why TEXT,
    address TEXT
);
CREATE INDEX session_user_id ON session (user_id);

-- Hashed refresh tokens, in machine time.
CREATE TABLE refresh_token (
    hash TEXT NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES session (id),
    issued_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
);
CREATE INDEX refresh_token_session_id ON refresh_token (session_id);

-- Failed logins, in machine time.
CREATE TABLE login_failure (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    address TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX login_failure_username_at ON login_failure (username, at);
CREATE INDEX login_failure_address_at ON login_failure (address, at);

-- One address that may hold several facilities.
CREATE TABLE site (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL
);

-- A facility 设施.
CREATE TABLE facility (
    id BLOB NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    site_id BLOB REFERENCES site (id),
    observed_status TEXT,
    observed_at TEXT,
    created_at TEXT NOT NULL,
    revision INTEGER NOT NULL
);

-- Dated facts of a facility.
CREATE TABLE facility_version (
    id BLOB NOT NULL PRIMARY KEY,
    facility_id BLOB NOT NULL REFERENCES facility (id),
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    street_id BLOB NOT NULL REFERENCES area (id),
    community_id BLOB REFERENCES area (id),
    address TEXT NOT NULL,
    lat DOUBLE,
    lng DOUBLE,
    datum TEXT,
    operator_name TEXT NOT NULL,
    contact_name TEXT NOT NULL,
    contact_phone TEXT NOT NULL,
    opening_hours TEXT NOT NULL,
    platform_status TEXT,
    platform_status_on TEXT,
    route TEXT NOT NULL,
    status TEXT NOT NULL,
    search TEXT NOT NULL
);
CREATE INDEX facility_version_facility_id_valid_from ON facility_version (facility_id, valid_from);
CREATE INDEX facility_version_street_id_valid_to ON facility_version (street_id, valid_to);

-- A published version of the check items.
CREATE TABLE checklist (
    id BLOB NOT NULL PRIMARY KEY,
    version TEXT NOT NULL UNIQUE,
    published_at TEXT NOT NULL,
    sha256 TEXT NOT NULL
);

-- An item of a published version.
CREATE TABLE check_item (
    id BLOB NOT NULL PRIMARY KEY,
    checklist_id BLOB NOT NULL REFERENCES checklist (id),
    position INTEGER NOT NULL,
    code TEXT NOT NULL,
    catalogue TEXT NOT NULL,
    title TEXT NOT NULL,
    category TEXT NOT NULL,
    severity TEXT NOT NULL,
    term_days INTEGER NOT NULL,
    term_unit TEXT NOT NULL,
    photo_rule TEXT NOT NULL,
    proof TEXT NOT NULL,
    evidence TEXT NOT NULL,
    basis TEXT NOT NULL,
    UNIQUE (checklist_id, code)
);

-- Which facility kinds an item is for.
CREATE TABLE check_item_kind (
    item_id BLOB NOT NULL REFERENCES check_item (id),
    kind TEXT NOT NULL,
    PRIMARY KEY (item_id, kind)
);

-- Days that differ from a plain week.
CREATE TABLE calendar_day (
    date TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL
);

-- Whether a year is published.
CREATE TABLE calendar_year (
    year INTEGER NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    version TEXT NOT NULL,
    imported_at TEXT NOT NULL
);

-- A campaign 检查行动.
CREATE TABLE campaign (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    area_id BLOB NOT NULL REFERENCES area (id),
    starts_on TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    reply_due TEXT,
    checklist_id BLOB NOT NULL REFERENCES checklist (id),
    state TEXT NOT NULL,
    created_by BLOB NOT NULL REFERENCES user_account (id),
    created_at TEXT NOT NULL,
    revision INTEGER NOT NULL
);

-- A facility to be inspected in a campaign.
CREATE TABLE campaign_target (
    campaign_id BLOB NOT NULL REFERENCES campaign (id),
    facility_id BLOB NOT NULL REFERENCES facility (id),
    street_id BLOB NOT NULL REFERENCES area (id),
    planned_on TEXT,
    PRIMARY KEY (campaign_id, facility_id)
);
CREATE INDEX campaign_target_facility_id ON campaign_target (facility_id);

-- One arrival at a site.
CREATE TABLE visit (
    id BLOB NOT NULL PRIMARY KEY,
    campaign_id BLOB REFERENCES campaign (id),
    kind TEXT NOT NULL,
    started_claim TEXT NOT NULL,
    ended_claim TEXT,
    lat DOUBLE,
    lng DOUBLE,
    datum TEXT,
    notice_number TEXT,
    signature TEXT NOT NULL,
    signed_by TEXT,
    refusal_reason TEXT,
    witness TEXT,
    lead_id BLOB NOT NULL REFERENCES user_account (id),
    street_id BLOB NOT NULL REFERENCES area (id),
    content_sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL
);
CREATE INDEX visit_lead_id ON visit (lead_id);

-- Who took part in a visit.
CREATE TABLE visit_participant (
    visit_id BLOB NOT NULL REFERENCES visit (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    organisation TEXT NOT NULL,
    certificate TEXT,
    part TEXT NOT NULL,
    PRIMARY KEY (visit_id, position)
);

-- An inspection of one facility.
CREATE TABLE inspection (
    id BLOB NOT NULL PRIMARY KEY,
    visit_id BLOB NOT NULL REFERENCES visit (id),
    campaign_id BLOB REFERENCES campaign (id),
    facility_id BLOB NOT NULL REFERENCES facility (id),
    facility_version_id BLOB NOT NULL REFERENCES facility_version (id),
    street_id BLOB NOT NULL REFERENCES area (id),
    checklist_id BLOB NOT NULL REFERENCES checklist (id),
    state TEXT NOT NULL,
    observed_status TEXT,
    submitted_by BLOB NOT NULL REFERENCES user_account (id),
    third_party BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    receipt TEXT NOT NULL,
    lacking INTEGER NOT NULL,
    received_at TEXT NOT NULL,
    completed_at TEXT
);
CREATE INDEX inspection_facility_id_received_at ON inspection (facility_id, received_at);
CREATE INDEX inspection_campaign_id_facility_id ON inspection (campaign_id, facility_id);
CREATE UNIQUE INDEX inspection_visit_id_facility_id ON inspection (visit_id, facility_id);
CREATE INDEX inspection_received_at_id ON inspection (received_at, id);

-- An answer to one item.
CREATE TABLE inspection_answer (
    inspection_id BLOB NOT NULL REFERENCES inspection (id),
    item_id BLOB NOT NULL REFERENCES check_item (id),
    code TEXT NOT NULL,
    outcome TEXT NOT NULL,
    note TEXT,
    value TEXT,
    PRIMARY KEY (inspection_id, item_id)
);

-- A stored file, by content.
CREATE TABLE blob (
    sha256 TEXT NOT NULL PRIMARY KEY,
    length BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    stored_at TEXT NOT NULL
);

-- A photo or document received.
CREATE TABLE photo (
    id BLOB NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL REFERENCES blob (sha256),
    length BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    owner_id BLOB NOT NULL REFERENCES user_account (id),
    stored_at TEXT NOT NULL
);
CREATE INDEX photo_sha256 ON photo (sha256);

-- The manifest: what was declared, and what has arrived.
CREATE TABLE evidence (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    photo_id BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    length BIGINT NOT NULL,
    item_id BLOB REFERENCES check_item (id),
    purpose TEXT NOT NULL,
    required BOOLEAN NOT NULL,
    street_id BLOB NOT NULL REFERENCES area (id),
    facility_id BLOB NOT NULL REFERENCES facility (id),
    owner_id BLOB NOT NULL REFERENCES user_account (id),
    declared_at TEXT NOT NULL,
    received_at TEXT,
    UNIQUE (subject_kind, subject_id, photo_id)
);
CREATE INDEX evidence_photo_id ON evidence (photo_id);
CREATE INDEX evidence_sha256 ON evidence (sha256);

-- A finding 问题.
CREATE TABLE finding (
    id BLOB NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    facility_id BLOB NOT NULL REFERENCES facility (id),
    facility_name TEXT NOT NULL,
    street_id BLOB NOT NULL REFERENCES area (id),
    campaign_id BLOB REFERENCES campaign (id),
    inspection_id BLOB REFERENCES inspection (id),
    item_id BLOB NOT NULL REFERENCES check_item (id),
    item_code TEXT NOT NULL,
    category TEXT NOT NULL,
    severity TEXT NOT NULL,
    proof TEXT NOT NULL,
    description TEXT NOT NULL,
    source TEXT NOT NULL,
    third_party BOOLEAN NOT NULL,
    route TEXT NOT NULL,
    state TEXT NOT NULL,
    repeat_of BLOB REFERENCES finding (id),
    parent_id BLOB REFERENCES finding (id),
    found_by BLOB NOT NULL REFERENCES user_account (id),
    found_at TEXT NOT NULL,
    confirmed_by BLOB REFERENCES user_account (id),
    confirmed_at TEXT,
    clause TEXT,
    service_method TEXT,
    served_at TEXT,
    term_days INTEGER NOT NULL,
    term_unit TEXT NOT NULL,
    due_on TEXT,
    due_rule TEXT,
    calendar_version TEXT,
    due_provisional BOOLEAN NOT NULL,
    claimed_by BLOB REFERENCES user_account (id),
    claimed_on TEXT,
    claimed_at TEXT,
    checked_by BLOB REFERENCES user_account (id),
    check_outcome TEXT,
    reinspected_by BLOB REFERENCES user_account (id),
    reinspected_ok BOOLEAN,
    reinspected_at TEXT,
    closed_by BLOB REFERENCES user_account (id),
    closed_at TEXT,
    observations INTEGER NOT NULL,
    responsible_unit TEXT NOT NULL,
    responsible_post TEXT NOT NULL,
    responsible_person TEXT NOT NULL,
    revision INTEGER NOT NULL
);
CREATE INDEX finding_street_id_state ON finding (street_id, state);
CREATE INDEX finding_facility_id_state ON finding (facility_id, state);
CREATE INDEX finding_campaign_id_street_id ON finding (campaign_id, street_id);
CREATE INDEX finding_facility_id_item_code ON finding (facility_id, item_code);

-- History of a finding.
CREATE TABLE finding_event (
    id BLOB NOT NULL PRIMARY KEY,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor_id BLOB REFERENCES user_account (id),
    actor_name TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    reason TEXT,
    detail TEXT NOT NULL,
    UNIQUE (finding_id, seq)
);

-- From when to when a finding was in a state.
CREATE TABLE finding_interval (
    finding_id BLOB NOT NULL REFERENCES finding (id),
    seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    from_at TEXT NOT NULL,
    to_at TEXT,
    PRIMARY KEY (finding_id, seq)
);
CREATE INDEX finding_interval_state_from_at_to_at ON finding_interval (state, from_at, to_at);

-- A claim that a finding is rectified.
CREATE TABLE rectification (
    id BLOB NOT NULL PRIMARY KEY,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    claimed_by BLOB NOT NULL REFERENCES user_account (id),
    claimed_on TEXT NOT NULL,
    measures TEXT NOT NULL,
    similar_check TEXT,
    system_measures TEXT,
    supervisor TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX rectification_finding_id ON rectification (finding_id);

-- A check of a claim.
CREATE TABLE finding_check (
    id BLOB NOT NULL PRIMARY KEY,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    kind TEXT NOT NULL,
    result TEXT NOT NULL,
    note TEXT NOT NULL,
    checked_by BLOB NOT NULL REFERENCES user_account (id),
    checked_at TEXT NOT NULL
);
CREATE INDEX finding_check_finding_id ON finding_check (finding_id);

-- Letters drafted together.
CREATE TABLE letter_batch (
    id BLOB NOT NULL PRIMARY KEY,
    campaign_id BLOB NOT NULL REFERENCES campaign (id),
    kind TEXT NOT NULL,
    round INTEGER NOT NULL,
    created_by BLOB NOT NULL REFERENCES user_account (id),
    created_at TEXT NOT NULL
);

-- A letter 提醒函.
CREATE TABLE letter (
    id BLOB NOT NULL PRIMARY KEY,
    batch_id BLOB NOT NULL REFERENCES letter_batch (id),
    campaign_id BLOB NOT NULL REFERENCES campaign (id),
    street_id BLOB NOT NULL REFERENCES area (id),
    kind TEXT NOT NULL,
    round INTEGER NOT NULL,
    state TEXT NOT NULL,
    reply_due TEXT NOT NULL,
    as_of TEXT,
    snapshot TEXT,
    snapshot_sha256 TEXT,
    facts_sha256 TEXT,
    drafted_by BLOB NOT NULL REFERENCES user_account (id),
    submitted_by BLOB REFERENCES user_account (id),
    submitted_at TEXT,
    approved_by BLOB REFERENCES user_account (id),
    approved_at TEXT,
    issued_by BLOB REFERENCES user_account (id),
    issued_at TEXT,
    series TEXT,
    year INTEGER,
    seq INTEGER,
    number TEXT UNIQUE,
    document_sha256 TEXT,
    document_length BIGINT,
    document_at TEXT,
    created_at TEXT NOT NULL,
    revision INTEGER NOT NULL,
    UNIQUE (series, year, seq),
    UNIQUE (campaign_id, street_id, kind, round)
);
CREATE INDEX letter_street_id_id ON letter (street_id, id);

-- A finding printed in a letter.
CREATE TABLE letter_line (
    letter_id BLOB NOT NULL REFERENCES letter (id),
    row INTEGER NOT NULL,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    PRIMARY KEY (letter_id, row)
);
CREATE INDEX letter_line_finding_id ON letter_line (finding_id);

-- History of a letter.
CREATE TABLE letter_event (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    letter_id BLOB NOT NULL REFERENCES letter (id),
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor_id BLOB REFERENCES user_account (id),
    actor_name TEXT NOT NULL,
    reason TEXT,
    UNIQUE (letter_id, seq)
);

-- Gapless numbers.
CREATE TABLE counter (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

-- Work to be done after a commit.
CREATE TABLE job (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    dedupe TEXT UNIQUE,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    run_at TEXT NOT NULL,
    lease_until TEXT,
    fence BIGINT NOT NULL,
    last_error TEXT,
    created_at TEXT NOT NULL,
    done_at TEXT
);
CREATE INDEX job_state_run_at ON job (state, run_at);

-- Who did what to what.
CREATE TABLE audit_entry (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor_id BLOB,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    line TEXT NOT NULL,
    position BIGINT UNIQUE,
    hash TEXT
);
CREATE INDEX audit_entry_object_kind_object_id ON audit_entry (object_kind, object_id);

-- The change feed.
CREATE TABLE change_entry (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    object_id BLOB NOT NULL,
    street_id BLOB,
    gone BOOLEAN NOT NULL,
    position BIGINT UNIQUE
);

-- The head of each ordered stream.
CREATE TABLE sequencer (
    stream TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    hash TEXT NOT NULL
);

-- What this installation is.
CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

INSERT INTO sequencer (stream, position, hash) VALUES ('audit', 0, '0000000000000000000000000000000000000000000000000000000000000000'), ('change', 0, '0000000000000000000000000000000000000000000000000000000000000000');
