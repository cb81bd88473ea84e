-- What one filter leaves of some campaigns: clicks with one of these signals, or those with none of them.
SELECT campaign, count() AS clicks, uniqExactIf(who, person != '') AS unique
FROM clicks FINAL
WHERE campaign IN {campaigns:Array(String)}
    AND counted
    AND hasAny(signals, {signals:Array(String)}) = {keeps:UInt8}
GROUP BY campaign
SETTINGS do_not_merge_across_partitions_select_final = 1
