-- What is known of a facility's control room and duty. Versions: the highest seq that has begun holds.
CREATE TABLE fire_profile (
    facility_id BLOB NOT NULL REFERENCES facility (id),
    seq INTEGER NOT NULL,
    since TEXT NOT NULL,
    control_room BOOLEAN NOT NULL,
    linkage BOOLEAN NOT NULL,
    single_person BOOLEAN NOT NULL,
    single_basis TEXT,
    key_unit BOOLEAN NOT NULL,
    entered_by BLOB NOT NULL REFERENCES user_account (id),
    entered_at TEXT NOT NULL,
    PRIMARY KEY (facility_id, seq)
);

-- A line of the fire register 消防台账: who entered it, whether it counts, whether it was a mistake.
CREATE TABLE fire_line (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    facility_id BLOB NOT NULL REFERENCES facility (id),
    entered_as TEXT NOT NULL,
    entered_by BLOB NOT NULL REFERENCES user_account (id),
    entered_at TEXT NOT NULL,
    counted_at TEXT,
    decided_by BLOB REFERENCES user_account (id),
    decided_at TEXT,
    decision_note TEXT,
    withdrawn_by BLOB REFERENCES user_account (id),
    withdrawn_at TEXT,
    withdrawn_reason TEXT
);
CREATE INDEX fire_line_facility_id_kind ON fire_line (facility_id, kind);

-- Versions of a certificate's line: the highest seq that has begun holds. The number is never kept whole.
CREATE TABLE fire_certificate (
    line_id BLOB NOT NULL REFERENCES fire_line (id),
    seq INTEGER NOT NULL,
    since TEXT NOT NULL,
    status TEXT NOT NULL,
    person TEXT NOT NULL,
    level TEXT NOT NULL,
    direction TEXT NOT NULL,
    employer TEXT NOT NULL,
    number_masked TEXT,
    number_hash TEXT,
    issued_on TEXT,
    expires_on TEXT,
    reason TEXT,
    entered_by BLOB NOT NULL REFERENCES user_account (id),
    entered_at TEXT NOT NULL,
    PRIMARY KEY (line_id, seq)
);
CREATE INDEX fire_certificate_number_hash ON fire_certificate (number_hash);

-- A drill 演练.
CREATE TABLE fire_drill (
    line_id BLOB NOT NULL PRIMARY KEY REFERENCES fire_line (id),
    held_on TEXT NOT NULL,
    scenario TEXT NOT NULL,
    participants INTEGER NOT NULL,
    note TEXT
);

-- A person's training 培训.
CREATE TABLE fire_training (
    line_id BLOB NOT NULL PRIMARY KEY REFERENCES fire_line (id),
    person TEXT NOT NULL,
    course TEXT NOT NULL,
    organiser TEXT NOT NULL,
    from_on TEXT NOT NULL,
    to_on TEXT NOT NULL,
    hours INTEGER NOT NULL,
    passed BOOLEAN
);

-- Fire equipment that expires 消防器材.
CREATE TABLE fire_equipment (
    line_id BLOB NOT NULL PRIMARY KEY REFERENCES fire_line (id),
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    location TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    placed_on TEXT NOT NULL,
    expires_on TEXT NOT NULL,
    removed_on TEXT,
    removed_reason TEXT,
    removed_by BLOB REFERENCES user_account (id),
    removed_at TEXT
);

-- What the rule last found wrong at a facility, so that a finding is opened or observed only when that changes.
CREATE TABLE fire_assessment (
    facility_id BLOB NOT NULL REFERENCES facility (id),
    item_code TEXT NOT NULL,
    facts TEXT NOT NULL,
    finding_id BLOB NOT NULL REFERENCES finding (id),
    assessed_at TEXT NOT NULL,
    PRIMARY KEY (facility_id, item_code)
);

-- A bulletin 信息通报 between the bureau and the fire brigade.
CREATE TABLE fire_bulletin (
    id BLOB NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL,
    subject TEXT NOT NULL,
    content TEXT NOT NULL,
    reference TEXT,
    sent_by BLOB NOT NULL REFERENCES user_account (id),
    sent_name TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    received_by BLOB REFERENCES user_account (id),
    received_name TEXT,
    received_at TEXT,
    result TEXT,
    result_by BLOB REFERENCES user_account (id),
    result_name TEXT,
    result_at TEXT,
    revision INTEGER NOT NULL
);

-- A facility that a bulletin names.
CREATE TABLE fire_bulletin_facility (
    bulletin_id BLOB NOT NULL REFERENCES fire_bulletin (id),
    facility_id BLOB NOT NULL REFERENCES facility (id),
    PRIMARY KEY (bulletin_id, facility_id)
);
CREATE INDEX fire_bulletin_facility_facility_id ON fire_bulletin_facility (facility_id);

-- A finding that a bulletin names.
CREATE TABLE fire_bulletin_finding (
    bulletin_id BLOB NOT NULL REFERENCES fire_bulletin (id),
    finding_id BLOB NOT NULL REFERENCES finding (id),
    PRIMARY KEY (bulletin_id, finding_id)
);
