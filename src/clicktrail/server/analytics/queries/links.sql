SELECT
    min(link)                      AS position,
    minIf(clicks.url, clicks.url != '') AS url,
    link_group,
    countIf(verdict = 'human')     AS human,
    countIf(verdict = 'suspected') AS suspected,
    countIf(verdict = 'bot')       AS bot,
    countIf(verdict = 'preview')   AS preview,
    uniqExactIf(person_hash, person != '') AS unique_raw,
    uniqExactIf(person_hash, person != '' AND verdict = 'human') AS unique_human,
    uniqExactIf(person_hash, person != '' AND has(signals, 'engaged')) AS unique_engaged
FROM clicks FINAL
WHERE campaign = {campaign:String} AND counted
GROUP BY link_group, if(link_group = '', link, 0), if(link_group = '', clicks.url, '')
ORDER BY position, url, link_group
SETTINGS do_not_merge_across_partitions_select_final = 1
