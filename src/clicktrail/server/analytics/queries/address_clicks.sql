-- The clicks of IP addresses within time windows: of each address, the first ones of every interval. The order is that of
-- AddressClick's sort key. GROUP BY drops clicks that were stored twice or are in two windows.
SELECT ip, at, message_id, recipient, tampered, user_agent_hash
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
WHERE ip IN {ips:Array(String)} AND at BETWEEN since AND until
GROUP BY ip, at, message_id, recipient, tampered, user_agent_hash
ORDER BY at, message_id, recipient, user_agent_hash
LIMIT {interval_limit:UInt64} BY ip, tampered, intDiv(toUnixTimestamp64Milli(at), {interval_ms:Int64})
SETTINGS date_time_output_format = 'iso'
