-- Every event as it arrived: what timelines are read from and verdicts can be made again from.
CREATE TABLE IF NOT EXISTS events
(
    message_id String,
    at         DateTime64(3, 'UTC'),
    id         String,
    line       String CODEC(ZSTD),
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(at)
ORDER BY (message_id, at, id)
-- The journal's cursor moves on once an insert returns, so it must survive a power cut.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
