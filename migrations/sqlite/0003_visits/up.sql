-- A person who took part may have an account, sign on the leader's phone, and confirm the visit from the account.
ALTER TABLE visit_participant ADD COLUMN user_id BLOB REFERENCES user_account (id);
ALTER TABLE visit_participant ADD COLUMN signed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE visit_participant ADD COLUMN confirmed_at TEXT;
CREATE UNIQUE INDEX visit_participant_visit_id_user_id ON visit_participant (visit_id, user_id);

-- Inspections of a visit are compared with the visit itself; a hash over all of it says too much.
ALTER TABLE visit DROP COLUMN content_sha256;

-- What was put right on the spot 当场整改: said in the answer, claimed for the finding.
ALTER TABLE inspection_answer ADD COLUMN on_site TEXT;
ALTER TABLE rectification ADD COLUMN inspection_id BLOB REFERENCES inspection (id);
CREATE INDEX rectification_inspection_id ON rectification (inspection_id);
