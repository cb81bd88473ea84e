-- Where clicks of a campaign may stand that one looks for, the latest first: read in the order of the key from its end,
-- and no further than wanted. Without FINAL a row may be one that was replaced since.
WITH parseDateTime64BestEffort({at:String}, 3, 'UTC') AS moment
SELECT at, id
FROM clicks
WHERE campaign = {campaign:String}
    AND hour <= {hour:Int32}
    AND (at < moment OR (at = moment AND id < {id:String}))
    AND counted = {counted:UInt8}
    AND verdict IN {verdicts:Array(String)}
    AND ({signal:String} = '' OR has(signals, {signal:String}))
    AND NOT gone
ORDER BY hour DESC, at DESC, id DESC
LIMIT {limit:UInt64}
SETTINGS date_time_output_format = 'iso'
