DROP TABLE indicator_objection CASCADE;
DROP TABLE indicator_target;
DROP TABLE indicator_value;
DROP TABLE indicator_import;
