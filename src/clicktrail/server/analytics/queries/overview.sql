-- The counts of every campaign in its latest generation, without links, reasons and sources.
SELECT
    kind,
    campaign,
    sum(human)                    AS human,
    sum(suspected)                AS suspected,
    sum(bot)                      AS bot,
    sum(preview)                  AS preview,
    sum(unique_raw)               AS unique_raw,
    sum(unique_human)             AS unique_human,
    sum(unique_engaged)           AS unique_engaged,
    sum(clicks)                   AS clicks,
    sum(messages)                 AS messages,
    sum(accepted)                 AS accepted,
    sum(bounced)                  AS bounced,
    sum(delivered)                AS delivered,
    sum(opened)                   AS opened,
    sum(messages_with_engagement) AS messages_with_engagement,
    min(first_sent_at)            AS first_sent_at
FROM campaign_counts
WHERE kind = 'campaign'
GROUP BY kind, campaign, generation
HAVING max(applied) > 0
ORDER BY generation DESC
LIMIT 1 BY campaign
SETTINGS date_time_output_format = 'iso'
