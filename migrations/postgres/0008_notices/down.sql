DROP TABLE delivery;
DROP TABLE webhook_secret;
DROP TABLE webhook;
DROP TABLE digest_line;
DROP TABLE digest;
DROP TABLE notice_address;
DROP TABLE notice;
