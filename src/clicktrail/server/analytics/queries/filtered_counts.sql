-- Clicks and clickers of some campaigns with at least one of the filter's signals (is_inclusive), or without any.
SELECT campaign, count() AS clicks, uniqExactIf(person_hash, person != '') AS unique_clickers
FROM clicks FINAL
WHERE campaign IN {campaigns:Array(String)}
    AND counted
    AND hasAny(signals, {signals:Array(String)}) = {is_inclusive:UInt8}
GROUP BY campaign
SETTINGS do_not_merge_across_partitions_select_final = 1
