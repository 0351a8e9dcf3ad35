-- Imports of the working calendar: each is a version of the whole, with the file that made it.
CREATE TABLE calendar_import (
    seq integer NOT NULL PRIMARY KEY,
    version text COLLATE "C" NOT NULL UNIQUE,
    imported_at timestamptz NOT NULL,
    imported_by text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    content text COLLATE "C" NOT NULL
);

-- What was imported before imports were kept; its file is not known any more.
INSERT INTO calendar_import (seq, version, imported_at, imported_by, sha256, content)
SELECT 1, version, imported_at, '', '', '' FROM calendar_year ORDER BY version DESC LIMIT 1;
