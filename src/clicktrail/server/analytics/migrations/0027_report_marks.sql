-- The last change of each campaign: a report that knows of none so late has to be counted again, and may be shown until
-- it was.
CREATE TABLE IF NOT EXISTS report_marks
(
    campaign String,
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY campaign
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
