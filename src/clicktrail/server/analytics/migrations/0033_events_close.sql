RENAME TABLE IF EXISTS events_closer TO events
