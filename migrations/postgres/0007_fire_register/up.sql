-- What is known of a facility's control room and duty. Versions: the highest seq that has begun holds.
CREATE TABLE fire_profile (
    facility_id uuid NOT NULL REFERENCES facility (id),
    seq integer NOT NULL,
    since date NOT NULL,
    control_room boolean NOT NULL,
    linkage boolean NOT NULL,
    single_person boolean NOT NULL,
    single_basis text COLLATE "C",
    key_unit boolean NOT NULL,
    entered_by uuid NOT NULL REFERENCES user_account (id),
    entered_at timestamptz NOT NULL,
    PRIMARY KEY (facility_id, seq)
);

-- A line of the fire register 消防台账: who entered it, whether it counts, whether it was a mistake.
CREATE TABLE fire_line (
    id uuid NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    facility_id uuid NOT NULL REFERENCES facility (id),
    entered_as text COLLATE "C" NOT NULL,
    entered_by uuid NOT NULL REFERENCES user_account (id),
    entered_at timestamptz NOT NULL,
    counted_at timestamptz,
    decided_by uuid REFERENCES user_account (id),
    decided_at timestamptz,
    decision_note text COLLATE "C",
    withdrawn_by uuid REFERENCES user_account (id),
    withdrawn_at timestamptz,
    withdrawn_reason text COLLATE "C"
);
CREATE INDEX fire_line_facility_id_kind ON fire_line (facility_id, kind);

-- Versions of a certificate's line: the highest seq that has begun holds. The number is never kept whole.
CREATE TABLE fire_certificate (
    line_id uuid NOT NULL REFERENCES fire_line (id),
    seq integer NOT NULL,
    since date NOT NULL,
    status text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    level text COLLATE "C" NOT NULL,
    direction text COLLATE "C" NOT NULL,
    employer text COLLATE "C" NOT NULL,
    number_masked text COLLATE "C",
    number_hash text COLLATE "C",
    issued_on date,
    expires_on date,
    reason text COLLATE "C",
    entered_by uuid NOT NULL REFERENCES user_account (id),
    entered_at timestamptz NOT NULL,
    PRIMARY KEY (line_id, seq)
);
CREATE INDEX fire_certificate_number_hash ON fire_certificate (number_hash);

-- A drill 演练.
CREATE TABLE fire_drill (
    line_id uuid NOT NULL PRIMARY KEY REFERENCES fire_line (id),
    held_on date NOT NULL,
    scenario text COLLATE "C" NOT NULL,
    participants integer NOT NULL,
    note text COLLATE "C"
);

-- A person's training 培训.
CREATE TABLE fire_training (
    line_id uuid NOT NULL PRIMARY KEY REFERENCES fire_line (id),
    person text COLLATE "C" NOT NULL,
    course text COLLATE "C" NOT NULL,
    organiser text COLLATE "C" NOT NULL,
    from_on date NOT NULL,
    to_on date NOT NULL,
    hours integer NOT NULL,
    passed boolean
);

-- Fire equipment that expires 消防器材.
CREATE TABLE fire_equipment (
    line_id uuid NOT NULL PRIMARY KEY REFERENCES fire_line (id),
    kind text COLLATE "C" NOT NULL,
    model text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    quantity integer NOT NULL,
    placed_on date NOT NULL,
    expires_on date NOT NULL,
    removed_on date,
    removed_reason text COLLATE "C",
    removed_by uuid REFERENCES user_account (id),
    removed_at timestamptz
);

-- What the rule last found wrong at a facility, so that a finding is opened or observed only when that changes.
CREATE TABLE fire_assessment (
    facility_id uuid NOT NULL REFERENCES facility (id),
    item_code text COLLATE "C" NOT NULL,
    facts text COLLATE "C" NOT NULL,
    finding_id uuid NOT NULL REFERENCES finding (id),
    assessed_at timestamptz NOT NULL,
    PRIMARY KEY (facility_id, item_code)
);

-- A bulletin 信息通报 between the bureau and the fire brigade.
CREATE TABLE fire_bulletin (
    id uuid NOT NULL PRIMARY KEY,
    number text COLLATE "C" NOT NULL UNIQUE,
    direction text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    content text COLLATE "C" NOT NULL,
    reference text COLLATE "C",
    sent_by uuid NOT NULL REFERENCES user_account (id),
    sent_name text COLLATE "C" NOT NULL,
    sent_at timestamptz NOT NULL,
    received_by uuid REFERENCES user_account (id),
    received_name text COLLATE "C",
    received_at timestamptz,
    result text COLLATE "C",
    result_by uuid REFERENCES user_account (id),
    result_name text COLLATE "C",
    result_at timestamptz,
    revision integer NOT NULL
);

-- A facility that a bulletin names.
CREATE TABLE fire_bulletin_facility (
    bulletin_id uuid NOT NULL REFERENCES fire_bulletin (id),
    facility_id uuid NOT NULL REFERENCES facility (id),
    PRIMARY KEY (bulletin_id, facility_id)
);
CREATE INDEX fire_bulletin_facility_facility_id ON fire_bulletin_facility (facility_id);

-- A finding that a bulletin names.
CREATE TABLE fire_bulletin_finding (
    bulletin_id uuid NOT NULL REFERENCES fire_bulletin (id),
    finding_id uuid NOT NULL REFERENCES finding (id),
    PRIMARY KEY (bulletin_id, finding_id)
);
