SELECT message_id, line
FROM events FINAL
WHERE message_id IN {message_ids:Array(String)}
