INSERT INTO report_marks SELECT campaign, {version:UInt64} AS version FROM report_marks FINAL
