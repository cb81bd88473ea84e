-- Every campaign, the latest sent first; only one where a name is given. report.py says what each number means.
SELECT *
FROM
(
    SELECT
        campaign,
        min(sent_at)       AS first_sent_at,
        sum(recipients)    AS accepted,
        countIf(bounced)   AS bounced_messages,
        countIf(delivered) AS delivered_messages
    FROM messages FINAL
    WHERE {campaign:Nullable(String)} IS NULL OR campaign = {campaign:Nullable(String)}
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
        uniqExactIf(person, person != '')      AS unique_raw,
        uniqExactIf(person, person != '' AND verdict = 'human') AS unique_human,
        uniqExactIf(person, person != '' AND has(signals, 'engaged')) AS unique_engaged
    FROM clicks FINAL
    WHERE ({campaign:Nullable(String)} IS NULL OR campaign = {campaign:Nullable(String)}) AND counted
    GROUP BY campaign
) AS clicked USING (campaign)
ORDER BY first_sent_at DESC NULLS LAST, campaign
SETTINGS date_time_output_format = 'iso'
