-- Imports of the working calendar: each is a version of the whole, with the file that made it.
CREATE TABLE calendar_import (
    seq INTEGER NOT NULL PRIMARY KEY,
    version TEXT NOT NULL UNIQUE,
    imported_at TEXT NOT NULL,
    imported_by TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content TEXT NOT NULL
);

-- What was imported before imports were kept; its file is not known any more.
INSERT INTO calendar_import (seq, version, imported_at, imported_by, sha256, content)
SELECT 1, version, imported_at, '', '', '' FROM calendar_year ORDER BY version DESC LIMIT 1;
