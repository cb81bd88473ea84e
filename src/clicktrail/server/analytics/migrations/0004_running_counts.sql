-- Reports are kept by differences: what a store changes is computed from the rows that it replaces, and added up here.

-- A shortened IP address counts as recorded, even one that was no valid address.
ALTER TABLE clicks ADD COLUMN IF NOT EXISTS has_ip Bool DEFAULT ip != '';

-- Clicks ordered by person, with all that reports count of a click: the clicks of one recipient, and what a person's
-- earlier clicks contributed. It replaces person_clicks. Rows are inserted as into clicks, with ip and user_agent, of
-- which only whether they are empty is stored.
CREATE TABLE IF NOT EXISTS clicks_by_person
(
    person         String,
    campaign       String,
    hour           Int32,
    id             String,
    message_id     String,
    at             DateTime64(3, 'UTC'),
    link           Int64,
    url            String CODEC(ZSTD),
    link_group     String,
    source         LowCardinality(String),
    ip             String EPHEMERAL,
    user_agent     String EPHEMERAL,
    has_ip         Bool DEFAULT ip != '',
    has_user_agent Bool DEFAULT user_agent != '',
    verdict        LowCardinality(String),
    counted        Bool,
    signals        Array(LowCardinality(String)),
    version        UInt64,
    is_deleted     UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (person, campaign, hour, id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;

DROP VIEW IF EXISTS clicks_to_person_clicks;

DROP TABLE IF EXISTS person_clicks;

INSERT INTO clicks_by_person
    (person, campaign, hour, id, message_id, at, link, url, link_group, source, has_ip, has_user_agent, verdict, counted,
     signals, version, is_deleted)
SELECT
    person, campaign, hour, id, message_id, at, link, url, link_group, source, has_ip,
    user_agent != '' AS has_user_agent, verdict, counted, signals, version, is_deleted
FROM clicks
WHERE person != ''
-- The default of a million rows per part needs more than the memory of a statement.
SETTINGS max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 100_000;

-- The table messages, with small granules: single messages are read from it.
CREATE TABLE IF NOT EXISTS messages_in_small_granules
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
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;

-- After a crash between the two last statements, the table is missing.
CREATE TABLE IF NOT EXISTS messages AS messages_in_small_granules;

INSERT INTO messages_in_small_granules SELECT * FROM messages;

DROP TABLE messages;

RENAME TABLE messages_in_small_granules TO messages;

-- Counts of reports. The sums of all rows of a campaign's latest generation are its report: clicktrail.report.running.
-- kind: what a row counts, with name, position and url as its key.
-- generation: 0, or the version at which the campaign was counted again from its clicks and messages.
-- begun: version of the campaign's last store that began. applied: version of the last store that is counted. If a
-- campaign has begun a later version than it has applied, its counts may lack rows: it has to be counted again.
CREATE TABLE IF NOT EXISTS campaign_counts
(
    kind                     LowCardinality(String),
    campaign                 String,
    generation               UInt64,
    name                     String,
    position                 Int64,
    url                      String CODEC(ZSTD),
    human                    SimpleAggregateFunction(sum, Int64),
    suspected                SimpleAggregateFunction(sum, Int64),
    bot                      SimpleAggregateFunction(sum, Int64),
    preview                  SimpleAggregateFunction(sum, Int64),
    unique_raw               SimpleAggregateFunction(sum, Int64),
    unique_human             SimpleAggregateFunction(sum, Int64),
    unique_engaged           SimpleAggregateFunction(sum, Int64),
    clicks                   SimpleAggregateFunction(sum, Int64),
    clicks_with_ip           SimpleAggregateFunction(sum, Int64),
    clicks_with_user_agent   SimpleAggregateFunction(sum, Int64),
    messages                 SimpleAggregateFunction(sum, Int64),
    accepted                 SimpleAggregateFunction(sum, Int64),
    bounced                  SimpleAggregateFunction(sum, Int64),
    delivered                SimpleAggregateFunction(sum, Int64),
    opened                   SimpleAggregateFunction(sum, Int64),
    messages_with_engagement SimpleAggregateFunction(sum, Int64),
    first_sent_at            SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))),
    begun                    SimpleAggregateFunction(max, UInt64),
    applied                  SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (kind, campaign, generation, name, position, url)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

INSERT INTO campaign_counts (kind, campaign, begun)
SELECT DISTINCT 'campaign', campaign, 1
FROM (SELECT campaign FROM clicks UNION ALL SELECT campaign FROM messages);

DROP TABLE IF EXISTS cached_reports;

DROP TABLE IF EXISTS campaign_changes;
