-- What one person is told.
CREATE TABLE notice (
    id uuid NOT NULL PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES user_account (id),
    event text COLLATE "C" NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    street_id uuid REFERENCES area (id),
    facility_id uuid,
    title text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    dedupe text COLLATE "C",
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    UNIQUE (user_id, dedupe)
);
CREATE INDEX notice_user_id_id ON notice (user_id, id);
CREATE INDEX notice_user_id_read_at ON notice (user_id, read_at);

-- Where a person's notices are mailed, if they want that.
CREATE TABLE notice_address (
    user_id uuid NOT NULL PRIMARY KEY REFERENCES user_account (id),
    address text COLLATE "C" NOT NULL,
    enabled boolean NOT NULL,
    changed_at timestamptz NOT NULL
);

-- The day's digest of a street; its key is what makes it the only one.
CREATE TABLE digest (
    street_id uuid NOT NULL REFERENCES area (id),
    day date NOT NULL,
    lines integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (street_id, day)
);

-- What waits for a street's next digest, or stands in one.
CREATE TABLE digest_line (
    id uuid NOT NULL PRIMARY KEY,
    street_id uuid NOT NULL REFERENCES area (id),
    event text COLLATE "C" NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    facility_id uuid,
    data text COLLATE "C" NOT NULL,
    dedupe text COLLATE "C",
    created_at timestamptz NOT NULL,
    digest_on date,
    UNIQUE (street_id, dedupe)
);
CREATE INDEX digest_line_digest_on_street_id ON digest_line (digest_on, street_id);
CREATE INDEX digest_line_subject_id ON digest_line (subject_id);

-- Somebody else's system that is told.
CREATE TABLE webhook (
    id uuid NOT NULL PRIMARY KEY,
    url text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    events text COLLATE "C" NOT NULL,
    street_id uuid REFERENCES area (id),
    disabled_at timestamptz,
    disabled_why text COLLATE "C",
    created_by uuid NOT NULL REFERENCES user_account (id),
    created_at timestamptz NOT NULL,
    revision integer NOT NULL
);

-- A webhook's secrets, derived from a signing key and therefore not kept; in machine time.
CREATE TABLE webhook_secret (
    id uuid NOT NULL PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook (id),
    kid text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX webhook_secret_webhook_id ON webhook_secret (webhook_id);

-- A message on its way out, by webhook or by mail; in machine time.
CREATE TABLE delivery (
    id uuid NOT NULL PRIMARY KEY,
    channel text COLLATE "C" NOT NULL,
    webhook_id uuid REFERENCES webhook (id),
    notice_id uuid REFERENCES notice (id),
    event text COLLATE "C" NOT NULL,
    dedupe text COLLATE "C",
    body text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    attempts integer NOT NULL,
    run_at timestamptz NOT NULL,
    lease_until timestamptz,
    fence bigint NOT NULL,
    last_status integer,
    last_error text COLLATE "C",
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    UNIQUE (webhook_id, dedupe)
);
CREATE INDEX delivery_state_run_at ON delivery (state, run_at);
CREATE INDEX delivery_channel_id ON delivery (channel, id);
CREATE INDEX delivery_notice_id ON delivery (notice_id);
