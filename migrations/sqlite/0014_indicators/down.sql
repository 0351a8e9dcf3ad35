UPDATE indicator_target SET objection_id = NULL;
DROP TABLE indicator_objection;
DROP TABLE indicator_target;
DROP TABLE indicator_value;
DROP TABLE indicator_import;
