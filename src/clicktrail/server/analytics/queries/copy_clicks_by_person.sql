-- The clicks of stores that are not applied to the counts of campaigns. A store that ended between clicks and
-- clicks_by_person left them out there. begun is 1 for a campaign of a migration, which copied all clicks.
INSERT INTO clicks_by_person
    (person, campaign, hour, id, message_id, at, link, url, link_group, source, has_ip, has_user_agent, verdict, counted,
     signals, version, is_deleted)
SELECT
    person, campaign, hour, id, message_id, at, link, url, link_group, source, has_ip,
    user_agent != '' AS has_user_agent, verdict, counted, signals, version, is_deleted
FROM clicks
INNER JOIN
(
    SELECT campaign, max(applied) AS last_applied
    FROM campaign_counts
    WHERE kind = 'campaign' AND campaign IN {campaigns:Array(String)}
    GROUP BY campaign
    HAVING max(begun) > 1
) AS counted_campaigns USING (campaign)
WHERE campaign IN {campaigns:Array(String)} AND version > last_applied AND person != ''
