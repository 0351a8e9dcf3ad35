DROP TABLE doomed_blob;
DROP TABLE node;
DROP TABLE upload;
