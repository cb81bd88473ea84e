-- The latest changes of verdicts. A store that failed half-way and was repeated leaves a second row with the same new
-- verdict, which is skipped.
SELECT changed_at AS at, click_id, message_id, before, after, score, signals, rules
FROM
(
    SELECT
        *,
        lagInFrame(after) OVER (PARTITION BY click_id ORDER BY version ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
            AS verdict_in_previous_row
    FROM verdict_changes
    WHERE campaign = {campaign:String}
        AND (empty({click_ids:Array(String)}) OR click_id IN {click_ids:Array(String)})
)
WHERE after != verdict_in_previous_row
ORDER BY version DESC, message_id, click_id
LIMIT {limit:UInt64}
SETTINGS date_time_output_format = 'iso'
