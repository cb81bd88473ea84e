SELECT signal, count() AS clicks
FROM
(
    SELECT arrayJoin(arrayDistinct(signals)) AS signal
    FROM clicks FINAL
    WHERE campaign = {campaign:String} AND counted AND verdict != 'human'
)
GROUP BY signal
ORDER BY clicks DESC, signal
SETTINGS do_not_merge_across_partitions_select_final = 1
