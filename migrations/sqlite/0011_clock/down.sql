DROP TABLE clock_mark;
DROP TABLE step_member;
DROP TABLE step_draft;
DROP TABLE meeting_finding;
DROP TABLE meeting_street;
DROP TABLE meeting_version;
DROP TABLE meeting;
