-- The reports of campaigns as they were counted last, as JSON: whole, or without links and reasons. Empty: something was
-- stored since, and the report has to be counted again. Of two of the same version the one that came later stands.
CREATE TABLE IF NOT EXISTS reports
(
    campaign String,
    whole    Bool,
    version  UInt64,
    report   String CODEC(ZSTD)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (whole, campaign)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
