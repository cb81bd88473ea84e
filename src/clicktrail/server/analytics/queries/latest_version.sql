-- Clicks and verdict changes are stored with a row in messages, and cached reports with a version of campaign_changes.
SELECT max(version) AS version
FROM
(
    SELECT max(version) AS version FROM events
    UNION ALL
    SELECT max(version) AS version FROM messages
    UNION ALL
    SELECT max(version) AS version FROM campaign_changes
    UNION ALL
    SELECT max(version) AS version FROM labels
)
