-- Links may quote personal URLs. Reports without links are counts alone.
ALTER TABLE reports DELETE WHERE whole SETTINGS mutations_sync = 1
