-- What one person is told.
CREATE TABLE notice (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES user_account (id),
    event TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    street_id BLOB REFERENCES area (id),
    facility_id BLOB,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    dedupe TEXT,
    created_at TEXT NOT NULL,
    read_at TEXT,
    UNIQUE (user_id, dedupe)
);
CREATE INDEX notice_user_id_id ON notice (user_id, id);
CREATE INDEX notice_user_id_read_at ON notice (user_id, read_at);

-- Where a person's notices are mailed, if they want that.
CREATE TABLE notice_address (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES user_account (id),
    address TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    changed_at TEXT NOT NULL
);

-- The day's digest of a street; its key is what makes it the only one.
CREATE TABLE digest (
    street_id BLOB NOT NULL REFERENCES area (id),
    day TEXT NOT NULL,
    lines INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (street_id, day)
);

-- What waits for a street's next digest, or stands in one.
CREATE TABLE digest_line (
    id BLOB NOT NULL PRIMARY KEY,
    street_id BLOB NOT NULL REFERENCES area (id),
    event TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    facility_id BLOB,
    data TEXT NOT NULL,
    dedupe TEXT,
    created_at TEXT NOT NULL,
    digest_on TEXT,
    UNIQUE (street_id, dedupe)
);
CREATE INDEX digest_line_digest_on_street_id ON digest_line (digest_on, street_id);
CREATE INDEX digest_line_subject_id ON digest_line (subject_id);

-- Somebody else's system that is told.
CREATE TABLE webhook (
    id BLOB NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    events TEXT NOT NULL,
    street_id BLOB REFERENCES area (id),
    disabled_at TEXT,
    disabled_why TEXT,
    created_by BLOB NOT NULL REFERENCES user_account (id),
    created_at TEXT NOT NULL,
    revision INTEGER NOT NULL
);

-- A webhook's secrets, derived from a signing key and therefore not kept; in machine time.
CREATE TABLE webhook_secret (
    id BLOB NOT NULL PRIMARY KEY,
    webhook_id BLOB NOT NULL REFERENCES webhook (id),
    kid TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT
);
CREATE INDEX webhook_secret_webhook_id ON webhook_secret (webhook_id);

-- A message on its way out, by webhook or by mail; in machine time.
CREATE TABLE delivery (
    id BLOB NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    webhook_id BLOB REFERENCES webhook (id),
    notice_id BLOB REFERENCES notice (id),
    event TEXT NOT NULL,
    dedupe TEXT,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    run_at TEXT NOT NULL,
    lease_until TEXT,
    fence BIGINT NOT NULL,
    last_status INTEGER,
    last_error TEXT,
    created_at TEXT NOT NULL,
    done_at TEXT,
    UNIQUE (webhook_id, dedupe)
);
CREATE INDEX delivery_state_run_at ON delivery (state, run_at);
CREATE INDEX delivery_channel_id ON delivery (channel, id);
CREATE INDEX delivery_notice_id ON delivery (notice_id);
