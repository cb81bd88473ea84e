-- Each click's facts and, beside them, the verdict that stands. hour: hours since 1970, floored.
CREATE TABLE IF NOT EXISTS clicks
(
    campaign   String,
    hour       Int32,
    id         String,
    message_id String,
    at         DateTime64(3, 'UTC'),
    person     String,
    link       Int64,
    url        String,
    method     LowCardinality(String),
    ip         String,
    user_agent String,
    verdict    LowCardinality(String),
    score      Int64,
    counted    Bool,
    signals    Array(LowCardinality(String)),
    points     Array(Int64),
    details    Array(String),
    rules      LowCardinality(String),
    version    UInt64,
    gone       UInt8
)
ENGINE = ReplacingMergeTree(version, gone)
PARTITION BY toYYYYMM(at)
ORDER BY (campaign, hour, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
