-- What messages contribute to the reports of campaigns.
SELECT campaign, message_id, sent_at, recipients, delivered, bounced, opened, has_engagement
FROM messages FINAL
WHERE (campaign, message_id) IN
(
    SELECT tupleElement(message_key, 1), tupleElement(message_key, 2)
    FROM (SELECT arrayJoin(arrayZip({campaigns:Array(String)}, {message_ids:Array(String)})) AS message_key)
)
SETTINGS date_time_output_format = 'iso'
