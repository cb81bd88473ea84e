-- Where a person's clicks are not, so that the others are found among all.
ALTER TABLE clicks ADD INDEX IF NOT EXISTS by_person lower(person) TYPE bloom_filter(0.001) GRANULARITY 1
