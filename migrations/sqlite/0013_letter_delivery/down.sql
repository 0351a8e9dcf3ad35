UPDATE letter SET state = 'document_ready' WHERE state IN ('sealed', 'delivered');
DROP INDEX letter_document_sha256;
DROP TABLE letter_delivery;
DROP TABLE letter_seal;
DROP TABLE letter_version;
DROP INDEX letter_original_id;
ALTER TABLE letter DROP COLUMN made_with;
ALTER TABLE letter DROP COLUMN original_id;
ALTER TABLE session DROP COLUMN proven_at;
