-- Every campaign with its latest counted generation, and whether a store began that may not be counted.
SELECT
    campaign,
    maxIf(generation, applied > 0)    AS generation,
    toBool(max(begun) > max(applied)) AS is_uncounted
FROM campaign_counts
WHERE kind = 'campaign'
GROUP BY campaign
