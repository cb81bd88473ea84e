-- A row without a report was a mark.
ALTER TABLE reports DELETE WHERE report = '' SETTINGS mutations_sync = 1
