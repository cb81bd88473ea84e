-- Before a time, replace each IP address by its network: 256 addresses of IPv4, a site of IPv6.
ALTER TABLE clicks
UPDATE ip = multiIf(
    isIPv4String(ip), concat(toString(tupleElement(IPv4CIDRToRange(toIPv4OrDefault(ip), 24), 1)), '/24'),
    isIPv6String(ip), concat(toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(ip), 48), 1)), '/48'),
    '')
WHERE at < parseDateTime64BestEffort({before:String}, 3, 'UTC') AND ip != '' AND position(ip, '/') = 0
SETTINGS mutations_sync = 1
