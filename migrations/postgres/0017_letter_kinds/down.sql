DROP TABLE letter_edit;
ALTER TABLE letter DROP COLUMN terms;
ALTER TABLE letter DROP COLUMN operator;
