-- The letter that was named when a step was taken up: once for an addressee, a campaign and a step.
ALTER TABLE step_draft ADD COLUMN letter_id uuid REFERENCES letter (id);
CREATE UNIQUE INDEX step_draft_letter_id ON step_draft (letter_id, group_key);
