-- Messages whose id names the recipient, as the ids of imported events do.
INSERT INTO erasing_messages
SELECT DISTINCT message_id FROM messages
WHERE match(message_id, {pattern:String})
    AND ({is_address:Bool} OR message_id IN (SELECT message_id FROM events WHERE id IN (SELECT id FROM erasing)))
