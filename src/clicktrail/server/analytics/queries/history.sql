-- The latest changes of verdicts. What a load left behind that failed and came again says what the row before it said.
SELECT at, click_id, message_id, before, after, score, signals, rules
FROM
(
    SELECT
        *,
        at,
        lagInFrame(after) OVER (PARTITION BY click_id ORDER BY version ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS stood
    FROM verdict_changes
    WHERE campaign = {campaign:String}
        AND (empty({clicks:Array(String)}) OR click_id IN {clicks:Array(String)})
)
WHERE after != stood
ORDER BY version DESC, message_id, click_id
LIMIT {limit:UInt64}
SETTINGS date_time_output_format = 'iso'
