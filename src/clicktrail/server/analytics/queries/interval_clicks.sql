-- The first clicks of messages in intervals of time.
WITH kept AS
(
    SELECT message_id, at, id
    FROM events
    WHERE message_id IN (SELECT arrayJoin({message_ids:Array(String)})) AND type = 'click'
        AND at BETWEEN parseDateTime64BestEffort({since:String}, 3, 'UTC') AND parseDateTime64BestEffort({until:String}, 3, 'UTC')
        AND (message_id, intDiv(toUnixTimestamp64Milli(at), {interval_ms:Int64})) IN
        (
            SELECT tupleElement(message_interval, 1), toInt64(tupleElement(message_interval, 2))
            FROM (SELECT arrayJoin(arrayZip({message_ids:Array(String)}, {intervals:Array(String)})) AS message_interval)
        )
    GROUP BY message_id, at, id
    ORDER BY message_id, at, id
    LIMIT {limit:UInt64} BY message_id, intDiv(toUnixTimestamp64Milli(at), {interval_ms:Int64})
)
SELECT message_id, line
FROM events
WHERE message_id IN (SELECT arrayJoin({message_ids:Array(String)})) AND (message_id, at, id) IN (SELECT message_id, at, id FROM kept)
ORDER BY message_id, at, id, version DESC
LIMIT 1 BY message_id, at, id
