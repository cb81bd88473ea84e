INSERT INTO cached_reports FORMAT JSONEachRow
