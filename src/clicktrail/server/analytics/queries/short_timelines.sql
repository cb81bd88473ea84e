-- The first events of each message. The lines of all events are read.
SELECT message_id, line
FROM events
WHERE message_id IN (SELECT arrayJoin({message_ids:Array(String)}))
ORDER BY message_id, at, id, version DESC
LIMIT 1 BY message_id, at, id
LIMIT {event_limit:UInt64}
