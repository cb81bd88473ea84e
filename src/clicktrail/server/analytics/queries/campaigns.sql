-- Some campaigns without links and reasons. report says what each number means.
SELECT *
FROM
(
    SELECT
        campaign,
        min(sent_at)       AS first_sent_at,
        sum(recipients)    AS accepted,
        countIf(bounced)   AS bounced_messages,
        countIf(delivered) AS delivered_messages,
        countIf(opened)    AS opened_messages,
        countIf(landed)    AS landed_messages
    FROM messages FINAL
    WHERE campaign IN {campaigns:Array(String)}
    GROUP BY campaign
) AS sent
FULL JOIN
(
    SELECT
        campaign,
        countIf(verdict = 'human')             AS human,
        countIf(verdict = 'suspected')         AS suspected,
        countIf(verdict = 'bot')               AS bot,
        countIf(verdict = 'preview')           AS preview,
        uniqExactIf(who, person != '')      AS unique_raw,
        uniqExactIf(who, person != '' AND verdict = 'human') AS unique_human,
        uniqExactIf(who, person != '' AND has(signals, 'engaged')) AS unique_engaged
    FROM clicks FINAL
    WHERE campaign IN {campaigns:Array(String)} AND counted
    GROUP BY campaign
) AS clicked USING (campaign)
SETTINGS date_time_output_format = 'iso', do_not_merge_across_partitions_select_final = 1
