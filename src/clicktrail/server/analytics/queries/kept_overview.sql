SELECT marks.campaign AS campaign, marks.version AS changed, kept.version AS version, counted_by, report
FROM (SELECT campaign, version FROM report_marks FINAL) AS marks
LEFT JOIN (SELECT campaign, version, counted_by, report FROM reports FINAL WHERE NOT whole) AS kept USING (campaign)
