-- The current verdicts on all clicks of one part of a campaign's messages: those with a click since a time.
SELECT id AS click_id, message_id, person, verdict, score, counted, signals, rules
FROM clicks FINAL
WHERE campaign = {campaign:String} AND message_id IN
(
    SELECT message_id
    FROM clicks
    WHERE campaign = {campaign:String}
        AND message_id != ''
        AND cityHash64(message_id) % {part_count:UInt64} = {part:UInt64}
        AND ({since:Nullable(String)} IS NULL OR at >= parseDateTime64BestEffort({since:Nullable(String)}, 3, 'UTC'))
)
ORDER BY message_id, id
