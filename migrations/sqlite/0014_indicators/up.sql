-- A file of indicators 考核指标 that was imported.
CREATE TABLE indicator_import (
    id BLOB NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL,
    length BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    imported_by BLOB REFERENCES user_account (id),
    imported_by_name TEXT NOT NULL,
    imported_at TEXT NOT NULL
);

-- What a street reported of an indicator for a quarter, in hundredths. A correction is a version more.
CREATE TABLE indicator_value (
    id BLOB NOT NULL PRIMARY KEY,
    indicator TEXT NOT NULL,
    street_id BLOB NOT NULL REFERENCES area (id),
    quarter_on TEXT NOT NULL,
    seq INTEGER NOT NULL,
    numerator BIGINT,
    denominator BIGINT,
    value BIGINT,
    as_of TEXT NOT NULL,
    note TEXT,
    import_id BLOB NOT NULL REFERENCES indicator_import (id),
    entered_at TEXT NOT NULL,
    UNIQUE (street_id, quarter_on, indicator, seq)
);

-- The target of an indicator for a district or a street from a quarter on, in hundredths. A change is a version more.
CREATE TABLE indicator_target (
    id BLOB NOT NULL PRIMARY KEY,
    indicator TEXT NOT NULL,
    area_id BLOB NOT NULL REFERENCES area (id),
    seq INTEGER NOT NULL,
    from_on TEXT NOT NULL,
    comparison TEXT NOT NULL,
    value BIGINT NOT NULL,
    reason TEXT NOT NULL,
    objection_id BLOB REFERENCES indicator_objection (id),
    set_by BLOB NOT NULL REFERENCES user_account (id),
    set_for BLOB REFERENCES user_account (id),
    set_at TEXT NOT NULL,
    UNIQUE (area_id, indicator, seq)
);

-- A street's objection to a target, and what was decided about it.
CREATE TABLE indicator_objection (
    id BLOB NOT NULL PRIMARY KEY,
    indicator TEXT NOT NULL,
    street_id BLOB NOT NULL REFERENCES area (id),
    quarter_on TEXT NOT NULL,
    target_id BLOB NOT NULL REFERENCES indicator_target (id),
    proposed BIGINT,
    reason TEXT NOT NULL,
    raised_by BLOB NOT NULL REFERENCES user_account (id),
    raised_at TEXT NOT NULL,
    upheld BOOLEAN,
    decision TEXT,
    decided_by BLOB REFERENCES user_account (id),
    decided_at TEXT
);
CREATE INDEX indicator_objection_street_id ON indicator_objection (street_id);
CREATE UNIQUE INDEX indicator_objection_open ON indicator_objection (indicator, street_id, quarter_on)
    WHERE decided_at IS NULL;
