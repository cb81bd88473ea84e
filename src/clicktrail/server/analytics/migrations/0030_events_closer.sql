-- Events once more, found more closely than by 8,192: whoever clicks on a message of long ago has it read alone.
CREATE TABLE IF NOT EXISTS events_closer
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
SETTINGS index_granularity = 128, fsync_after_insert = 1, fsync_part_directory = 1
