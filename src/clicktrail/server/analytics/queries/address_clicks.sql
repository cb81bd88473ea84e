-- The clicks of IP addresses within time windows. DISTINCT drops clicks that were stored twice or are in two windows.
SELECT DISTINCT id, ip, at, message_id, recipient, tampered, user_agent_hash
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
ORDER BY at, id
SETTINGS date_time_output_format = 'iso'
