-- The number of counted clicks of people in campaigns, by link.
SELECT
    campaign,
    person,
    link_group,
    if(link_group = '', link, 0)                 AS position,
    if(link_group = '', clicks_by_person.url, '') AS url,
    count()                                      AS raw,
    countIf(verdict = 'human')                   AS human,
    countIf(has(signals, 'engaged'))             AS engaged
FROM clicks_by_person FINAL
WHERE (person, campaign) IN
(
    SELECT tupleElement(person_key, 1), tupleElement(person_key, 2)
    FROM (SELECT arrayJoin(arrayZip({people:Array(String)}, {campaigns:Array(String)})) AS person_key)
)
    AND counted
GROUP BY campaign, person, link_group, position, url
