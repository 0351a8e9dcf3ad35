DROP INDEX rectification_inspection_id;
ALTER TABLE rectification DROP COLUMN inspection_id;
ALTER TABLE inspection_answer DROP COLUMN on_site;
ALTER TABLE visit ADD COLUMN content_sha256 text COLLATE "C" NOT NULL DEFAULT '';
DROP INDEX visit_participant_visit_id_user_id;
ALTER TABLE visit_participant DROP COLUMN confirmed_at;
ALTER TABLE visit_participant DROP COLUMN signed;
ALTER TABLE visit_participant DROP COLUMN user_id;
