INSERT INTO report_marks FORMAT JSONEachRow
