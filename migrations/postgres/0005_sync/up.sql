-- Tokens of the change feed hold only for the installation that gave them out.
INSERT INTO installation (name, value) VALUES ('sync_epoch', replace(gen_random_uuid()::text, '-', ''));

-- What a phone asks for: its owner's incomplete inspections.
CREATE INDEX inspection_submitted_by_state ON inspection (submitted_by, state);
