-- Reports that were counted before know nothing of openings, landings and sources.
INSERT INTO reports (campaign, whole, version, report) SELECT campaign, whole, version, '' FROM reports FINAL
