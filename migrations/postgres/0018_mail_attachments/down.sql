ALTER TABLE delivery DROP COLUMN attachment_sha256;
ALTER TABLE delivery DROP COLUMN attachment_name;
