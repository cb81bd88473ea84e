SELECT max(version) AS version
FROM (SELECT version FROM messages UNION ALL SELECT version FROM report_marks)
