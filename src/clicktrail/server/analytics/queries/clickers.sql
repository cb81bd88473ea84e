-- Recipients with a human click since a time, by name. A message with an unknown recipient has no clicker.
SELECT person AS recipient, count() AS clicks, max(at) AS last_at
FROM clicks FINAL
WHERE at >= parseDateTime64BestEffort({since:String}, 3, 'UTC')
    AND counted
    AND verdict = 'human'
    AND person > {after:String}
    AND person != message_id
    AND ({campaign:Nullable(String)} IS NULL OR campaign = {campaign:Nullable(String)})
GROUP BY person
ORDER BY person
LIMIT {limit:UInt64}
SETTINGS date_time_output_format = 'iso', do_not_merge_across_partitions_select_final = 1
