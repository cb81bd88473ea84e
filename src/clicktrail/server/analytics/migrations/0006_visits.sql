-- Every request by its address: whom else the address visited at the same time. Without an address, none.
-- tampered: its token did not open, and message_id is empty.
CREATE TABLE IF NOT EXISTS visits
(
    ip         String,
    at         DateTime64(3, 'UTC'),
    id         String,
    message_id String,
    recipient  String,
    tampered   Bool
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (ip, at, id)
-- A look at one address reads few rows, so they are found more closely than by 8,192.
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1
