-- Counts of generations that were replaced, or were not finished.
ALTER TABLE campaign_counts
DELETE WHERE (campaign, generation) IN
(
    SELECT former.campaign, former.generation
    FROM (SELECT DISTINCT campaign, generation FROM campaign_counts) AS former
    INNER JOIN
    (
        SELECT campaign, max(generation) AS latest
        FROM campaign_counts
        WHERE kind = 'campaign' AND applied > 0
        GROUP BY campaign
    ) AS counted USING (campaign)
    WHERE former.generation != counted.latest
)
SETTINGS mutations_sync = 1
