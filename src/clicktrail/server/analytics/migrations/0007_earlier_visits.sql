-- What was recorded before there were visits. An address that was shortened is none.
INSERT INTO visits (ip, at, id, message_id, recipient, tampered)
SELECT
    JSONExtractString(line, 'ip') AS ip,
    at,
    id,
    message_id,
    JSONExtractString(line, 'recipient'),
    JSONExtractBool(line, 'tampered')
FROM events FINAL
WHERE JSONExtractString(line, 'type') = 'click' AND ip != '' AND position(ip, '/') = 0
SETTINGS max_partitions_per_insert_block = 0
