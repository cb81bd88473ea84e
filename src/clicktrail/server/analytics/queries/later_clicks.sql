-- The next clicks of a message after one of its clicks, in the order of time.
SELECT message_id, line
FROM events
WHERE message_id = {message_id:String} AND type = 'click'
    AND (at, id) > (parseDateTime64BestEffort({after_at:String}, 3, 'UTC'), {after_id:String})
ORDER BY message_id, at, id, version DESC
LIMIT 1 BY message_id, at, id
LIMIT {limit:UInt64}
