-- What became of each message, made of its timeline. gone: it is known under another campaign now.
CREATE TABLE IF NOT EXISTS messages
(
    campaign   String,
    message_id String,
    sent_at    Nullable(DateTime64(3, 'UTC')),
    recipients Int64,
    links      Int64,
    delivered  Bool,
    bounced    Bool,
    version    UInt64,
    gone       UInt8
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY (campaign, message_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
