-- Links may quote personal URLs. Reports without details are only counts.
ALTER TABLE cached_reports DELETE WHERE has_details SETTINGS mutations_sync = 1
