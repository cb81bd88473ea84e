INSERT INTO campaign_changes SELECT campaign, {version:UInt64} AS version FROM campaign_changes FINAL
