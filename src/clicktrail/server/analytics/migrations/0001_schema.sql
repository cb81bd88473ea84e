-- The tables of analytics. The journal's cursor advances when an insert returns, so each insert is fsynced.
-- version: of two rows with the same key, the one with the higher version replaces the other. Versions rise with each
-- store and are no times. is_deleted: the row with the highest version says that there is no row.

-- Names of the applied migration files.
CREATE TABLE IF NOT EXISTS migrations (name String) ENGINE = ReplacingMergeTree ORDER BY name;

-- One row each time the folder was opened: the first of the versions given out until it was closed.
CREATE TABLE IF NOT EXISTS epochs
(
    first_version UInt64
)
ENGINE = MergeTree
ORDER BY first_version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Every event as it arrived. Timelines are read from here, and all verdicts can be recomputed from it.
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
-- A message has few events. With 128 rows per granule, reading 300 messages out of 2 million events takes a tenth of
-- the time that the default of 8,192 takes.
SETTINGS index_granularity = 128, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row per message, computed from its timeline.
-- opened: the ESP's tracking pixel was loaded. has_engagement: the beacon of a landing page reported a visitor.
CREATE TABLE IF NOT EXISTS messages
(
    campaign       String,
    message_id     String,
    sent_at        Nullable(DateTime64(3, 'UTC')),
    recipients     Int64,
    links          Int64,
    delivered      Bool,
    bounced        Bool,
    opened         Bool DEFAULT false,
    has_engagement Bool DEFAULT false,
    version        UInt64,
    is_deleted     UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (campaign, message_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- One row per click, with its current verdict.
-- hour: hours since 1970, floored. link_group: links of one group are counted as one link; empty for a single link.
-- person_hash: uniqExact of 128 bits takes half the time of uniqExact of the String, and is as exact.
CREATE TABLE IF NOT EXISTS clicks
(
    campaign    String,
    hour        Int32,
    id          String,
    message_id  String,
    at          DateTime64(3, 'UTC'),
    person      String,
    person_hash UUID MATERIALIZED reinterpretAsUUID(MD5(person)),
    link        Int64,
    url         String,
    link_group  String DEFAULT '',
    source      LowCardinality(String) DEFAULT if(message_id = '', '', 'clicktrail'),
    method      LowCardinality(String),
    ip          String,
    user_agent  String,
    verdict     LowCardinality(String),
    score       Int64,
    counted     Bool,
    signals     Array(LowCardinality(String)),
    points      Array(Int64),
    details     Array(String),
    rules       LowCardinality(String),
    version     UInt64,
    is_deleted  UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (campaign, hour, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Clicks ordered by person, to find the clicks of one recipient. person_lower: the person, lower-cased.
CREATE TABLE IF NOT EXISTS recipient_clicks
(
    person_lower String,
    campaign     String,
    hour         Int32,
    id           String,
    message_id   String,
    at           DateTime64(3, 'UTC'),
    person       String,
    link         Int64,
    url          String CODEC(ZSTD),
    verdict      LowCardinality(String),
    counted      Bool,
    version      UInt64,
    is_deleted   UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (person_lower, campaign, hour, id)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- Fills recipient_clicks on every insert into clicks. Anonymous clicks have no person.
CREATE MATERIALIZED VIEW IF NOT EXISTS clicks_to_recipient_clicks TO recipient_clicks AS
SELECT
    lower(person) AS person_lower,
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
    is_deleted
FROM clicks
WHERE person != '';

-- Click requests ordered by IP address, to find what an address did within a time window. Requests without an address
-- are left out. tampered: the token did not open, and message_id is empty. user_agent_hash: CRC-32 of the User-Agent, 0
-- without one.
CREATE TABLE IF NOT EXISTS address_clicks
(
    ip              String,
    at              DateTime64(3, 'UTC'),
    id              String,
    message_id      String,
    recipient       String,
    tampered        Bool,
    user_agent_hash UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (ip, at, id)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- Verdicts that were replaced. Most clicks keep their first verdict and have no row here.
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
    changed_at DateTime64(3, 'UTC'),
    version    UInt64
)
ENGINE = MergeTree
ORDER BY (campaign, click_id, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Ground truth: what really made a click.
CREATE TABLE IF NOT EXISTS labels
(
    click_id String,
    truth    LowCardinality(String),
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY click_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Cached reports as JSON. has_details: with links, reasons and sources.
-- version: the last change of the campaign that the report includes. counted_at: when counting began.
-- counting_checksum: checksum of the queries that counted it; another version of clicktrail counts again.
CREATE TABLE IF NOT EXISTS cached_reports
(
    campaign          String,
    has_details       Bool,
    version           UInt64,
    counted_at        DateTime64(3, 'UTC'),
    report            String CODEC(ZSTD),
    counting_checksum UInt32
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (has_details, campaign)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Version of each campaign's last change: a cached report with a lower version is stale.
CREATE TABLE IF NOT EXISTS campaign_changes
(
    campaign String,
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY campaign
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
