-- Who recorded the clicks of a campaign, and which facts it recorded. A shortened IP address counts as recorded.
SELECT
    source,
    count()                   AS clicks,
    countIf(ip != '')         AS clicks_with_ip,
    countIf(user_agent != '') AS clicks_with_user_agent
FROM clicks FINAL
WHERE campaign = {campaign:String} AND source != ''
GROUP BY source
ORDER BY source
SETTINGS do_not_merge_across_partitions_select_final = 1
