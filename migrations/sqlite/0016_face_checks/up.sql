-- What somebody saw who looked at a photo for faces. Rows are added and never changed; of the same content the newest holds.
CREATE TABLE photo_face_check (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    photo_id BLOB NOT NULL REFERENCES photo (id),
    sha256 TEXT NOT NULL,
    shows_face BOOLEAN NOT NULL,
    checked_by BLOB NOT NULL REFERENCES user_account (id),
    checked_at TEXT NOT NULL
);
CREATE INDEX photo_face_check_sha256 ON photo_face_check (sha256);
