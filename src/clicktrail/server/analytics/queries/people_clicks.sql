-- What the first clicks of people contribute to the reports of campaigns.
SELECT campaign, person, id, link, url, link_group, verdict, counted, signals, source, has_ip, has_user_agent
FROM clicks_by_person FINAL
WHERE (person, campaign) IN
(
    SELECT tupleElement(person_key, 1), tupleElement(person_key, 2)
    FROM (SELECT arrayJoin(arrayZip({people:Array(String)}, {campaigns:Array(String)})) AS person_key)
)
LIMIT {limit:UInt64} BY person, campaign
