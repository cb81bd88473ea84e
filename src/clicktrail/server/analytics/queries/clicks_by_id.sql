-- Clicks of messages by id.
SELECT message_id, line
FROM events
WHERE message_id IN (SELECT arrayJoin({message_ids:Array(String)})) AND type = 'click' AND id IN (SELECT arrayJoin({click_ids:Array(String)}))
ORDER BY message_id, at, id, version DESC
LIMIT 1 BY message_id, at, id
