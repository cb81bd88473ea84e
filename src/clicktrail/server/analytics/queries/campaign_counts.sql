-- The counts of one campaign in its latest generation.
SELECT
    kind,
    campaign,
    name,
    position,
    url,
    sum(human)                    AS human,
    sum(suspected)                AS suspected,
    sum(bot)                      AS bot,
    sum(preview)                  AS preview,
    sum(unique_raw)               AS unique_raw,
    sum(unique_human)             AS unique_human,
    sum(unique_engaged)           AS unique_engaged,
    sum(clicks)                   AS clicks,
    sum(clicks_with_ip)           AS clicks_with_ip,
    sum(clicks_with_user_agent)   AS clicks_with_user_agent,
    sum(messages)                 AS messages,
    sum(accepted)                 AS accepted,
    sum(bounced)                  AS bounced,
    sum(delivered)                AS delivered,
    sum(opened)                   AS opened,
    sum(messages_with_engagement) AS messages_with_engagement,
    min(first_sent_at)            AS first_sent_at
FROM campaign_counts
WHERE kind IN ('campaign', 'link', 'link_people', 'reason', 'source')
    AND campaign = {campaign:String}
    AND generation =
    (
        SELECT max(generation)
        FROM campaign_counts
        WHERE kind = 'campaign' AND campaign = {campaign:String} AND applied > 0
    )
GROUP BY kind, campaign, name, position, url
SETTINGS date_time_output_format = 'iso'
