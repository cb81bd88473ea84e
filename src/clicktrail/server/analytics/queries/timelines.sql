-- Of each message: the first clicks with their engagements, and the first events of other kinds. The columns of the key
-- and the types are read for every event, the lines only for these.
WITH kept AS
(
    SELECT message_id, at, id, type
    FROM events
    WHERE message_id IN (SELECT arrayJoin({message_ids:Array(String)}))
    GROUP BY message_id, at, id, type
    ORDER BY message_id, at, id
    LIMIT {limit:UInt64} BY message_id, multiIf(type = 'click', 1, type = 'engagement', 2, 3)
)
SELECT message_id, line
FROM events
WHERE message_id IN (SELECT arrayJoin({message_ids:Array(String)}))
    AND ((message_id, at, id) IN (SELECT message_id, at, id FROM kept)
        OR (click_id != '' AND (message_id, click_id) IN (SELECT message_id, id FROM kept WHERE type = 'click')))
ORDER BY message_id, at, id, version DESC
LIMIT 1 BY message_id, at, id
LIMIT {event_limit:UInt64}
