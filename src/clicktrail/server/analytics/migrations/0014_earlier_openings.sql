-- Of messages that were stored before.
ALTER TABLE messages
UPDATE
    opened = message_id IN (SELECT message_id FROM events WHERE JSONExtractString(line, 'type') = 'opened'),
    landed = message_id IN (SELECT message_id FROM events WHERE JSONExtractString(line, 'type') = 'engagement')
WHERE 1
SETTINGS mutations_sync = 1
