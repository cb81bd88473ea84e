INSERT INTO events_closer (message_id, at, id, line, version)
SELECT message_id, at, id, line, version FROM events
SETTINGS max_partitions_per_insert_block = 0
