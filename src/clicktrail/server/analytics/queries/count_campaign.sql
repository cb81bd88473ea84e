INSERT INTO campaign_counts
    (kind, campaign, generation, messages, accepted, bounced, delivered, opened, messages_with_engagement, first_sent_at,
     clicks, human, suspected, bot, preview, unique_raw, unique_human, unique_engaged)
SELECT
    'campaign', campaign, {generation:UInt64}, messages, accepted, bounced_messages, delivered_messages, opened_messages,
    messages_with_engagement, first_sent_at, clicks, human, suspected, bot, preview, unique_raw, unique_human, unique_engaged
FROM
(
    SELECT
        campaign,
        count()                 AS messages,
        sum(recipients)         AS accepted,
        countIf(bounced)        AS bounced_messages,
        countIf(delivered)      AS delivered_messages,
        countIf(opened)         AS opened_messages,
        countIf(has_engagement) AS messages_with_engagement,
        min(sent_at)            AS first_sent_at
    FROM messages FINAL
    WHERE campaign IN {campaigns:Array(String)}
    GROUP BY campaign
) AS sent
FULL JOIN
(
    SELECT
        campaign,
        count()                                   AS clicks,
        countIf(counted AND verdict = 'human')     AS human,
        countIf(counted AND verdict = 'suspected') AS suspected,
        countIf(counted AND verdict = 'bot')       AS bot,
        countIf(counted AND verdict = 'preview')   AS preview,
        uniqExactIf(person_hash, counted AND person != '') AS unique_raw,
        uniqExactIf(person_hash, counted AND person != '' AND verdict = 'human') AS unique_human,
        uniqExactIf(person_hash, counted AND person != '' AND has(signals, 'engaged')) AS unique_engaged
    FROM clicks FINAL
    WHERE campaign IN {campaigns:Array(String)}
    GROUP BY campaign
) AS clicked USING (campaign)
SETTINGS do_not_merge_across_partitions_select_final = 1
