-- A batch of imported events may span many years: do not limit the number of partitions.
INSERT INTO clicks SETTINGS max_partitions_per_insert_block = 0 FORMAT JSONEachRow
