-- The clicks of IP addresses within time windows: in every interval the first and the last of those on the same message by
-- the same recipient and User-Agent, and all on tampered tokens. Of very many, the first are returned, in the order of
-- AddressClick's sort key. GROUP BY drops clicks that were stored twice or are in two windows.
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
    FROM address_clicks
    INNER JOIN
    (
        SELECT
            tupleElement(search_window, 1)                                      AS ip,
            parseDateTime64BestEffort(tupleElement(search_window, 2), 3, 'UTC') AS since,
            parseDateTime64BestEffort(tupleElement(search_window, 3), 3, 'UTC') AS until
        FROM
        (
            SELECT arrayJoin(arrayZip({ips:Array(String)}, {since:Array(String)}, {until:Array(String)})) AS search_window
        )
    ) AS windows USING (ip)
    WHERE ip IN (SELECT arrayJoin({ips:Array(String)})) AND at BETWEEN since AND until
)
GROUP BY ip, interval, message_id, recipient, tampered, user_agent_hash, if(tampered, toUnixTimestamp64Milli(clicked_at), 0)
ORDER BY at, message_id, recipient, user_agent_hash
LIMIT {interval_limit:UInt64} BY ip, tampered, interval
SETTINGS date_time_output_format = 'iso'
