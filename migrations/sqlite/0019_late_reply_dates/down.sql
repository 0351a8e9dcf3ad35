ALTER TABLE letter DROP COLUMN late_reply_reason;
