-- Clicks once more, by whose they are: one person's lie side by side. name: of the person, in small letters.
CREATE TABLE IF NOT EXISTS clicks_of_people
(
    name       String,
    campaign   String,
    hour       Int32,
    id         String,
    message_id String,
    at         DateTime64(3, 'UTC'),
    person     String,
    link       Int64,
    url        String CODEC(ZSTD),
    verdict    LowCardinality(String),
    counted    Bool,
    version    UInt64,
    gone       UInt8
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY (name, campaign, hour, id)
-- A person has few clicks, so they are found more closely than by 8,192.
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1
