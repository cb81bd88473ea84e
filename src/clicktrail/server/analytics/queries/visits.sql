-- Whom each address visited in its windows. DISTINCT drops what was stored twice or lies in two windows.
SELECT DISTINCT id, ip, at, message_id, recipient, tampered, agent
FROM visits
INNER JOIN
(
    SELECT
        tupleElement(told, 1)                                      AS ip,
        parseDateTime64BestEffort(tupleElement(told, 2), 3, 'UTC') AS since,
        parseDateTime64BestEffort(tupleElement(told, 3), 3, 'UTC') AS until
    FROM (SELECT arrayJoin(arrayZip({ips:Array(String)}, {since:Array(String)}, {until:Array(String)})) AS told)
) AS windows USING (ip)
WHERE ip IN {ips:Array(String)} AND at BETWEEN since AND until
ORDER BY at, id
SETTINGS date_time_output_format = 'iso'
