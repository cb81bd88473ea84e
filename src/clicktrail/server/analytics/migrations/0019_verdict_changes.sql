-- The verdicts that clicks had before the one that stands. Most clicks never have another, and no row here: a first
-- verdict is the oldest row's `before`, or the one in clicks. version: microseconds since 1970, of when it changed.
CREATE TABLE IF NOT EXISTS verdict_changes
(
    campaign   String,
    click_id   String,
    message_id String,
    person     String,
    before     LowCardinality(String),
    after      LowCardinality(String),
    score      Int64,
    signals    Array(LowCardinality(String)),
    rules      LowCardinality(String),
    version    UInt64,
    at         DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(version), 'UTC')
)
ENGINE = MergeTree
ORDER BY (campaign, click_id, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
