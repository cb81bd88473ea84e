INSERT INTO campaign_counts (kind, campaign, generation, name, clicks)
SELECT 'reason', campaign, {generation:UInt64}, signal, count()
FROM
(
    SELECT campaign, arrayJoin(arrayDistinct(signals)) AS signal
    FROM clicks FINAL
    WHERE campaign IN {campaigns:Array(String)} AND counted AND verdict != 'human'
)
GROUP BY campaign, signal
SETTINGS do_not_merge_across_partitions_select_final = 1
