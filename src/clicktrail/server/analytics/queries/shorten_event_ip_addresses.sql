-- As shorten_click_ip_addresses.sql, inside the JSON lines. Only the key matches: quotes inside strings are escaped.
ALTER TABLE events
UPDATE line = replaceOne(
    line,
    extract(line, '"ip"\\s*:\\s*"[^"]*"'),
    concat(
        '"ip":"',
        multiIf(
            isIPv4String(extract(line, '"ip"\\s*:\\s*"([^"]*)"')),
            concat(toString(tupleElement(IPv4CIDRToRange(toIPv4OrDefault(extract(line, '"ip"\\s*:\\s*"([^"]*)"')), 24), 1)), '/24'),
            isIPv6String(extract(line, '"ip"\\s*:\\s*"([^"]*)"')),
            concat(toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(extract(line, '"ip"\\s*:\\s*"([^"]*)"')), 48), 1)), '/48'),
            ''),
        '"'))
WHERE at < parseDateTime64BestEffort({before:String}, 3, 'UTC') AND match(line, '"ip"\\s*:\\s*"[^"/]+"')
SETTINGS mutations_sync = 1
