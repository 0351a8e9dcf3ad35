-- Why a letter may go out although its reply date has passed, and although it holds what looks like a person's name.
ALTER TABLE letter ADD COLUMN late_reply_reason TEXT;
ALTER TABLE letter ADD COLUMN names_reason TEXT;
