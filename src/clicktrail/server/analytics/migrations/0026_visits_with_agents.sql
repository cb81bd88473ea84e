-- As in 0007_earlier_visits.sql, with the number of each agent: CRC-32, as `judge.visits` has it.
INSERT INTO visits (ip, at, id, message_id, recipient, tampered, agent)
SELECT
    JSONExtractString(line, 'ip') AS ip,
    at,
    id,
    message_id,
    JSONExtractString(line, 'recipient'),
    JSONExtractBool(line, 'tampered'),
    CRC32(JSONExtractString(line, 'user_agent'))
FROM events FINAL
WHERE JSONExtractString(line, 'type') = 'click' AND ip != '' AND position(ip, '/') = 0
SETTINGS max_partitions_per_insert_block = 0
