-- Who told of a campaign's clicks, and what. An address that was shortened was told.
SELECT source, count() AS clicks, countIf(ip != '') AS addresses, countIf(user_agent != '') AS agents
FROM clicks FINAL
WHERE campaign = {campaign:String} AND source != ''
GROUP BY source
ORDER BY source
SETTINGS do_not_merge_across_partitions_select_final = 1
