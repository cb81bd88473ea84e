INSERT INTO campaign_counts FORMAT JSONEachRow
