-- Recipients are normalized before they are stored: person_clicks replaces recipient_clicks, which lower-cased them.
DROP VIEW IF EXISTS clicks_to_recipient_clicks;

DROP TABLE IF EXISTS recipient_clicks;

-- Clicks ordered by person, to find the clicks of one recipient.
CREATE TABLE IF NOT EXISTS person_clicks
(
    person     String,
    campaign   String,
    hour       Int32,
    id         String,
    message_id String,
    at         DateTime64(3, 'UTC'),
    link       Int64,
    url        String CODEC(ZSTD),
    verdict    LowCardinality(String),
    counted    Bool,
    version    UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (person, campaign, hour, id)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- Fills person_clicks on every insert into clicks. Anonymous clicks have no person.
CREATE MATERIALIZED VIEW IF NOT EXISTS clicks_to_person_clicks TO person_clicks AS
SELECT person, campaign, hour, id, message_id, at, link, url, verdict, counted, version, is_deleted
FROM clicks
WHERE person != '';

INSERT INTO person_clicks
SELECT person, campaign, hour, id, message_id, at, link, url, verdict, counted, version, is_deleted
FROM clicks
WHERE person != '';

-- Ids of the events and messages that are being erased, in memory.
CREATE TABLE IF NOT EXISTS erasing (id String) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS erasing_messages (id String) ENGINE = Memory;
