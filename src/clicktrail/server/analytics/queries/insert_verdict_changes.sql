INSERT INTO verdict_changes FORMAT JSONEachRow
