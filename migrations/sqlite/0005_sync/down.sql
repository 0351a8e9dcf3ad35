DROP INDEX inspection_submitted_by_state;
DELETE FROM installation WHERE name = 'sync_epoch';
