INSERT INTO reports (campaign, whole, version, report) SELECT campaign, whole, {version:UInt64}, '' FROM reports FINAL
