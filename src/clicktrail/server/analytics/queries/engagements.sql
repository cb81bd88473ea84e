-- Engagements of clicks. A page can report engagement again and again: the first reports of a click are enough.
SELECT message_id, line
FROM events
WHERE message_id IN (SELECT arrayJoin({message_ids:Array(String)})) AND type = 'engagement' AND click_id IN (SELECT arrayJoin({click_ids:Array(String)}))
ORDER BY message_id, at, id, version DESC
LIMIT 10 BY message_id, click_id
