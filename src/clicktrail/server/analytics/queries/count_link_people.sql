INSERT INTO campaign_counts (kind, campaign, generation, name, position, url, unique_raw, unique_human, unique_engaged)
SELECT
    'link_people',
    campaign,
    {generation:UInt64},
    link_group,
    if(link_group = '', link, 0)   AS link_position,
    if(link_group = '', clicks.url, '') AS link_url,
    uniqExact(person_hash),
    uniqExactIf(person_hash, verdict = 'human'),
    uniqExactIf(person_hash, has(signals, 'engaged'))
FROM clicks FINAL
WHERE campaign IN {campaigns:Array(String)} AND counted AND person != ''
GROUP BY campaign, link_group, link_position, link_url
SETTINGS do_not_merge_across_partitions_select_final = 1
