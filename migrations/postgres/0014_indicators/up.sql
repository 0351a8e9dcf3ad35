-- A file of indicators 考核指标 that was imported.
CREATE TABLE indicator_import (
    id uuid NOT NULL PRIMARY KEY,
    sha256 text COLLATE "C" NOT NULL,
    length bigint NOT NULL,
    rows bigint NOT NULL,
    stored bigint NOT NULL,
    imported_by uuid REFERENCES user_account (id),
    imported_by_name text COLLATE "C" NOT NULL,
    imported_at timestamptz NOT NULL
);

-- What a street reported of an indicator for a quarter, in hundredths. A correction is a version more.
CREATE TABLE indicator_value (
    id uuid NOT NULL PRIMARY KEY,
    indicator text COLLATE "C" NOT NULL,
    street_id uuid NOT NULL REFERENCES area (id),
    quarter_on date NOT NULL,
    seq integer NOT NULL,
    numerator bigint,
    denominator bigint,
    value bigint,
    as_of date NOT NULL,
    note text COLLATE "C",
    import_id uuid NOT NULL REFERENCES indicator_import (id),
    entered_at timestamptz NOT NULL,
    UNIQUE (street_id, quarter_on, indicator, seq)
);

-- The target of an indicator for a district or a street from a quarter on, in hundredths. A change is a version more.
CREATE TABLE indicator_target (
    id uuid NOT NULL PRIMARY KEY,
    indicator text COLLATE "C" NOT NULL,
    area_id uuid NOT NULL REFERENCES area (id),
    seq integer NOT NULL,
    from_on date NOT NULL,
    comparison text COLLATE "C" NOT NULL,
    value bigint NOT NULL,
    reason text COLLATE "C" NOT NULL,
    objection_id uuid,
    set_by uuid NOT NULL REFERENCES user_account (id),
    set_for uuid REFERENCES user_account (id),
    set_at timestamptz NOT NULL,
    UNIQUE (area_id, indicator, seq)
);

-- A street's objection to a target, and what was decided about it.
CREATE TABLE indicator_objection (
    id uuid NOT NULL PRIMARY KEY,
    indicator text COLLATE "C" NOT NULL,
    street_id uuid NOT NULL REFERENCES area (id),
    quarter_on date NOT NULL,
    target_id uuid NOT NULL REFERENCES indicator_target (id),
    proposed bigint,
    reason text COLLATE "C" NOT NULL,
    raised_by uuid NOT NULL REFERENCES user_account (id),
    raised_at timestamptz NOT NULL,
    upheld boolean,
    decision text COLLATE "C",
    decided_by uuid REFERENCES user_account (id),
    decided_at timestamptz
);
CREATE INDEX indicator_objection_street_id ON indicator_objection (street_id);
CREATE UNIQUE INDEX indicator_objection_open ON indicator_objection (indicator, street_id, quarter_on)
    WHERE decided_at IS NULL;
-- The two know each other.
ALTER TABLE indicator_target
    ADD FOREIGN KEY (objection_id) REFERENCES indicator_objection (id);
