-- A batch may span many years of an import: no limit on the partitions it touches.
INSERT INTO visits SETTINGS max_partitions_per_insert_block = 0 FORMAT JSONEachRow
