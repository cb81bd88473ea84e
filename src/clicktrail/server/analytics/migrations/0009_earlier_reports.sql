-- Every campaign of before there were reports has to be counted.
INSERT INTO reports (campaign, whole, version, report)
SELECT DISTINCT campaign, arrayJoin([false, true]), 0, ''
FROM (SELECT campaign FROM messages UNION ALL SELECT campaign FROM clicks)
