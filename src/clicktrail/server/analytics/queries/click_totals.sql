-- The number of stored clicks, including replaced ones, by campaign.
SELECT campaign, count() AS clicks
FROM clicks
WHERE campaign IN {campaigns:Array(String)}
GROUP BY campaign
