-- A photo on its way: what was announced, and whose. Its hash is the intent to store that blob. Machine time.
CREATE TABLE upload (
    id BLOB NOT NULL PRIMARY KEY,
    owner_id BLOB NOT NULL REFERENCES user_account (id),
    photo_id BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    length BIGINT NOT NULL,
    node TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    done_at TEXT,
    UNIQUE (owner_id, photo_id, node)
);
CREATE INDEX upload_sha256 ON upload (sha256);
CREATE INDEX upload_photo_id ON upload (photo_id);
CREATE INDEX upload_expires_at ON upload (expires_at);

-- A server that is running, in machine time.
CREATE TABLE node (
    name TEXT NOT NULL PRIMARY KEY,
    shared BOOLEAN NOT NULL,
    seen_at TEXT NOT NULL
);

-- A blob that the sweeper is about to delete: nobody may come to rely on it. Machine time.
CREATE TABLE doomed_blob (
    sha256 TEXT NOT NULL PRIMARY KEY,
    doomed_at TEXT NOT NULL
);
