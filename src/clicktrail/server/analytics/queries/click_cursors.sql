-- Cursors of the next clicks that may match a search, the latest first. Reads the key backwards, no further than the
-- limit. Without FINAL, a row may have been replaced since: clicks_by_key.sql filters again.
WITH parseDateTime64BestEffort({at:String}, 3, 'UTC') AS cursor_at
SELECT at, id
FROM clicks
WHERE campaign = {campaign:String}
    AND hour <= {hour:Int32}
    AND (at < cursor_at OR (at = cursor_at AND id < {id:String}))
    AND counted = {counted:UInt8}
    AND verdict IN {verdicts:Array(String)}
    AND ({signal:String} = '' OR has(signals, {signal:String}))
    AND NOT is_deleted
ORDER BY hour DESC, at DESC, id DESC
LIMIT {limit:UInt64}
SETTINGS date_time_output_format = 'iso'
