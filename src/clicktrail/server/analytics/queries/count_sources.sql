-- Who recorded the clicks, and which facts it recorded.
INSERT INTO campaign_counts (kind, campaign, generation, name, clicks, clicks_with_ip, clicks_with_user_agent)
SELECT 'source', campaign, {generation:UInt64}, source, count(), countIf(has_ip), countIf(user_agent != '')
FROM clicks FINAL
WHERE campaign IN {campaigns:Array(String)} AND source != ''
GROUP BY campaign, source
SETTINGS do_not_merge_across_partitions_select_final = 1
