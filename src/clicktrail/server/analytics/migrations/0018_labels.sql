-- What really made a click, as somebody says who knows.
CREATE TABLE IF NOT EXISTS labels
(
    click_id String,
    truth    LowCardinality(String),
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY click_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
