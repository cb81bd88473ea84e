-- Some campaigns without links, reasons and sources. clicktrail.report defines each number.
SELECT *
FROM
(
    SELECT
        campaign,
        min(sent_at)            AS first_sent_at,
        sum(recipients)         AS accepted,
        countIf(bounced)        AS bounced_messages,
        countIf(delivered)      AS delivered_messages,
        countIf(opened)         AS opened_messages,
        countIf(has_engagement) AS messages_with_engagement
    FROM messages FINAL
    WHERE campaign IN {campaigns:Array(String)}
    GROUP BY campaign
) AS sent
FULL JOIN
(
    SELECT
        campaign,
        countIf(verdict = 'human')     AS human,
        countIf(verdict = 'suspected') AS suspected,
        countIf(verdict = 'bot')       AS bot,
        countIf(verdict = 'preview')   AS preview,
        uniqExactIf(person_hash, person != '') AS unique_raw,
        uniqExactIf(person_hash, person != '' AND verdict = 'human') AS unique_human,
        uniqExactIf(person_hash, person != '' AND has(signals, 'engaged')) AS unique_engaged
    FROM clicks FINAL
    WHERE campaign IN {campaigns:Array(String)} AND counted
    GROUP BY campaign
) AS clicked USING (campaign)
SETTINGS date_time_output_format = 'iso', do_not_merge_across_partitions_select_final = 1
