-- Why a letter may go out although its reply date has passed.
ALTER TABLE letter ADD COLUMN late_reply_reason TEXT;
