-- A photo on its way: what was announced, and whose. Its hash is the intent to store that blob. Machine time.
CREATE TABLE upload (
    id uuid NOT NULL PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES user_account (id),
    photo_id uuid NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    length bigint NOT NULL,
    node text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    done_at timestamptz,
    UNIQUE (owner_id, photo_id, node)
);
CREATE INDEX upload_sha256 ON upload (sha256);
CREATE INDEX upload_photo_id ON upload (photo_id);
CREATE INDEX upload_expires_at ON upload (expires_at);

-- A server that is running, in machine time.
CREATE TABLE node (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    shared boolean NOT NULL,
    seen_at timestamptz NOT NULL
);

-- A blob that the sweeper is about to delete: nobody may come to rely on it. Machine time.
CREATE TABLE doomed_blob (
    sha256 text COLLATE "C" NOT NULL PRIMARY KEY,
    doomed_at timestamptz NOT NULL
);
