-- A checksum of each campaign's counts in its latest generation. Rows of zeros are left out.
SELECT campaign, sum(row_hash) AS checksum
FROM
(
    SELECT
        campaign,
        cityHash64(
            kind, name, position, url, sum(human), sum(suspected), sum(bot), sum(preview), sum(unique_raw),
            sum(unique_human), sum(unique_engaged), sum(clicks), sum(clicks_with_ip), sum(clicks_with_user_agent),
            sum(messages), sum(accepted), sum(bounced), sum(delivered), sum(opened), sum(messages_with_engagement),
            ifNull(toUnixTimestamp64Milli(min(first_sent_at)), 0)) AS row_hash
    FROM campaign_counts
    WHERE kind IN ('campaign', 'link', 'link_people', 'reason', 'source')
        AND campaign IN {campaigns:Array(String)}
        AND (campaign, generation) IN
        (
            SELECT campaign, max(generation)
            FROM campaign_counts
            WHERE kind = 'campaign' AND campaign IN {campaigns:Array(String)} AND applied > 0
            GROUP BY campaign
        )
    GROUP BY kind, campaign, name, position, url
    HAVING sum(human) != 0 OR sum(suspected) != 0 OR sum(bot) != 0 OR sum(preview) != 0 OR sum(unique_raw) != 0
        OR sum(clicks) != 0 OR sum(messages) != 0
)
GROUP BY campaign
