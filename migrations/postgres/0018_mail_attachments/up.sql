-- The stored file that goes with a mail, and what it is called there.
ALTER TABLE delivery ADD COLUMN attachment_name text COLLATE "C";
ALTER TABLE delivery ADD COLUMN attachment_sha256 text COLLATE "C";
