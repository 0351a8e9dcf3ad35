DROP INDEX step_draft_letter_id;
ALTER TABLE step_draft DROP COLUMN letter_id;
