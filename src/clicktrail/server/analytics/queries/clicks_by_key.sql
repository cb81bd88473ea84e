-- The clicks with some keys that match a search. Only the granules that hold one of the keys are read and merged.
SELECT
    id,
    at,
    if(person = message_id, '', person) AS recipient,
    message_id,
    link,
    url,
    link_group,
    source,
    method,
    user_agent,
    verdict,
    score,
    counted,
    arrayZip(signals, points, details) AS reasons,
    rules
FROM clicks FINAL
WHERE campaign = {campaign:String}
    AND (hour, id) IN
    (
        SELECT toInt32(tupleElement(click_key, 1)), tupleElement(click_key, 2)
        FROM (SELECT arrayJoin(arrayZip({hours:Array(String)}, {ids:Array(String)})) AS click_key)
    )
    AND counted = {counted:UInt8}
    AND verdict IN {verdicts:Array(String)}
    AND ({signal:String} = '' OR has(signals, {signal:String}))
ORDER BY at DESC, id DESC
SETTINGS date_time_output_format = 'iso', do_not_merge_across_partitions_select_final = 1
