-- The clicks of IP addresses within time windows: in every interval the first and the last of those on the same message by
-- the same recipient and User-Agent, and all on tampered tokens. Of very many, the first are returned, in the order of
-- AddressClick's sort key. GROUP BY drops clicks that were stored twice or are in two windows.
--
-- Each list is one text with spaces: arrays of thousands of literals take longer to analyse than the rest of the query. All
-- windows are between first and last, so that the clicks to join are found by the index.
SELECT ip, arrayJoin(arrayDistinct([min(clicked_at), max(clicked_at)])) AS at, message_id, recipient, tampered, user_agent_hash
FROM
(
    SELECT
        ip,
        at                                                       AS clicked_at,
        message_id,
        recipient,
        tampered,
        user_agent_hash,
        intDiv(toUnixTimestamp64Milli(at), {interval_ms:Int64}) AS interval
    FROM
    (
        SELECT ip, at, message_id, recipient, tampered, user_agent_hash
        FROM address_clicks
        WHERE ip IN (SELECT arrayJoin(splitByChar(' ', materialize({ips:String}))))
            AND at BETWEEN parseDateTime64BestEffort({first:String}, 3, 'UTC')
                AND parseDateTime64BestEffort({last:String}, 3, 'UTC')
    ) AS address_clicks
    INNER JOIN
    (
        SELECT
            ip,
            parseDateTime64BestEffort(since, 3, 'UTC') AS since,
            parseDateTime64BestEffort(until, 3, 'UTC') AS until
        FROM (SELECT 1)
        ARRAY JOIN
            splitByChar(' ', materialize({ips:String}))   AS ip,
            splitByChar(' ', materialize({since:String})) AS since,
            splitByChar(' ', materialize({until:String})) AS until
    ) AS windows USING (ip)
    WHERE at BETWEEN since AND until
)
GROUP BY ip, interval, message_id, recipient, tampered, user_agent_hash, if(tampered, toUnixTimestamp64Milli(clicked_at), 0)
ORDER BY at, message_id, recipient, user_agent_hash
LIMIT {interval_limit:UInt64} BY ip, tampered, interval
SETTINGS date_time_output_format = 'iso'
