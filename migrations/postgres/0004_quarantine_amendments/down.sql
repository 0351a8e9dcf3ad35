DROP INDEX finding_inspection_id;
ALTER TABLE finding DROP COLUMN printed_at;
ALTER TABLE evidence DROP COLUMN superseded;
ALTER TABLE inspection DROP COLUMN version;
DROP TABLE amendment;
DROP TABLE quarantine;
