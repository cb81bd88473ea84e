-- Campaigns with clicks or messages that are being erased.
SELECT DISTINCT campaign
FROM
(
    SELECT campaign FROM clicks WHERE id IN (SELECT id FROM erasing)
    UNION ALL
    SELECT campaign FROM messages WHERE message_id IN (SELECT id FROM erasing_messages)
)
