INSERT INTO campaign_changes FORMAT JSONEachRow
