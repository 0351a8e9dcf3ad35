ALTER TABLE letter DROP COLUMN names_reason;
ALTER TABLE letter DROP COLUMN late_reply_reason;
