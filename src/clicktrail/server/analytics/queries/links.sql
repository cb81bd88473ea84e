SELECT
    link                                   AS position,
    url,
    countIf(verdict = 'human')             AS human,
    countIf(verdict = 'suspected')         AS suspected,
    countIf(verdict = 'bot')               AS bot,
    countIf(verdict = 'preview')           AS preview,
    uniqExact(person)                      AS unique_raw,
    uniqExactIf(person, verdict = 'human') AS unique_human
FROM clicks FINAL
WHERE campaign = {campaign:String} AND counted
GROUP BY link, url
ORDER BY link, url
