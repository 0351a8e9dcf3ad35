DROP TABLE letter_reply_file;
DROP TABLE letter_reply_line;
DROP TABLE letter_reply;
