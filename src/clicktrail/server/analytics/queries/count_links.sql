INSERT INTO campaign_counts (kind, campaign, generation, name, position, url, human, suspected, bot, preview)
SELECT
    'link',
    campaign,
    {generation:UInt64},
    link_group,
    link,
    url,
    countIf(verdict = 'human'),
    countIf(verdict = 'suspected'),
    countIf(verdict = 'bot'),
    countIf(verdict = 'preview')
FROM clicks FINAL
WHERE campaign IN {campaigns:Array(String)} AND counted
GROUP BY campaign, link_group, link, url
SETTINGS do_not_merge_across_partitions_select_final = 1
