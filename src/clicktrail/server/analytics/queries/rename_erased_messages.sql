-- The messages still count as sent, under random ids.
INSERT INTO messages
SELECT campaign, toString(generateUUIDv4()), sent_at, recipients, links, delivered, bounced, opened, has_engagement,
    version, is_deleted
FROM messages FINAL
WHERE message_id IN (SELECT id FROM erasing_messages)
