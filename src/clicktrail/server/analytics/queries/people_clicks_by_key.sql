-- What single clicks of people contribute to the reports of campaigns.
SELECT campaign, person, id, link, url, link_group, verdict, counted, signals, source, has_ip, has_user_agent
FROM clicks_by_person FINAL
WHERE (person, campaign, hour, id) IN
(
    SELECT
        tupleElement(click_key, 1),
        tupleElement(click_key, 2),
        toInt32(tupleElement(click_key, 3)),
        tupleElement(click_key, 4)
    FROM
    (
        SELECT arrayJoin(
            arrayZip({people:Array(String)}, {campaigns:Array(String)}, {hours:Array(String)}, {ids:Array(String)}))
            AS click_key
    )
)
