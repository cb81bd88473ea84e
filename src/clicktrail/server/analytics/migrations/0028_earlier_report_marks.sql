-- What was kept as a report may have been nothing but such a mark until now.
INSERT INTO report_marks SELECT campaign, max(version) AS version FROM reports GROUP BY campaign
