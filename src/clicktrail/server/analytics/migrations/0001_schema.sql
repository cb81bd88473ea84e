-- The tables of analytics. The journal's cursor moves on once an insert returns, so each insert is fsynced.
-- version: the later of two rows with the same key replaces the earlier one. gone: the row was deleted.

-- Which of these files were applied.
CREATE TABLE IF NOT EXISTS migrations (name String) ENGINE = ReplacingMergeTree ORDER BY name;

-- Every event as it arrived. Timelines are read from it, and all verdicts can be computed again from it.
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
-- A message has few events. With 128 rows a granule, 300 messages of 2 million events are read in a tenth of the time
-- that the default of 8,192 takes.
SETTINGS index_granularity = 128, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row a message, made of its timeline.
-- opened: the ESP's tracking pixel was loaded. landed: the beacon on a landing page reported a visitor.
CREATE TABLE IF NOT EXISTS messages
(
    campaign   String,
    message_id String,
    sent_at    Nullable(DateTime64(3, 'UTC')),
    recipients Int64,
    links      Int64,
    delivered  Bool,
    bounced    Bool,
    opened     Bool DEFAULT false,
    landed     Bool DEFAULT false,
    version    UInt64,
    gone       UInt8
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY (campaign, message_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- One row a click, with its current verdict.
-- hour: hours since 1970, floored. link_group: links of one group are counted as one; empty for a link on its own.
-- who: hash of the person. uniqExact of 128 bits is as exact as of the String, and takes half the time.
CREATE TABLE IF NOT EXISTS clicks
(
    campaign   String,
    hour       Int32,
    id         String,
    message_id String,
    at         DateTime64(3, 'UTC'),
    person     String,
    who        UUID MATERIALIZED reinterpretAsUUID(MD5(person)),
    link       Int64,
    url        String,
    link_group String DEFAULT '',
    source     LowCardinality(String) DEFAULT if(message_id = '', '', 'clicktrail'),
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Clicks ordered by person, to find one person's clicks. name: the person, lower-cased.
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
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- Fills clicks_of_people on every insert into clicks. Anonymous clicks belong to no person.
CREATE MATERIALIZED VIEW IF NOT EXISTS clicks_to_people TO clicks_of_people AS
SELECT
    lower(person) AS name,
    campaign,
    hour,
    id,
    message_id,
    at,
    person,
    link,
    url,
    verdict,
    counted,
    version,
    gone
FROM clicks
WHERE person != '';

-- Click requests by IP address, to find what an address did within a time window. Without an address, no row.
-- tampered: the token did not open, and message_id is empty. agent: CRC-32 of the User-Agent, 0 without one.
CREATE TABLE IF NOT EXISTS visits
(
    ip         String,
    at         DateTime64(3, 'UTC'),
    id         String,
    message_id String,
    recipient  String,
    tampered   Bool,
    agent      UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (ip, at, id)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- Verdicts that were replaced. Most clicks keep their first verdict and have no row here.
-- version: microseconds since 1970 of the change.
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Ground truth: what a click really was.
CREATE TABLE IF NOT EXISTS labels
(
    click_id String,
    truth    LowCardinality(String),
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY click_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Cached reports as JSON: whole, or without links and reasons.
-- counted_by: checksum of the queries that counted it; another version of clicktrail counts again.
CREATE TABLE IF NOT EXISTS reports
(
    campaign   String,
    whole      Bool,
    version    UInt64,
    report     String CODEC(ZSTD),
    counted_by UInt32
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (whole, campaign)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Version of each campaign's last change: a cached report with a lower version is outdated.
CREATE TABLE IF NOT EXISTS report_marks
(
    campaign String,
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY campaign
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
