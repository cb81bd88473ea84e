"""Detect an IP address with too many clicks."""

from collections import deque
from dataclasses import dataclass
from ipaddress import ip_network
from operator import itemgetter

WINDOW_CLICKS = 1_000
"""Number of latest clicks that are counted."""
MIN_CLICKS = 100
"""With fewer clicks, nothing is reported: of three clicks, one is a third."""
MIN_SHARE = 0.3
_PREFIX_LENGTHS = {4: 24, 6: 48}
"""Only the network is reported, by IP version: the address may be a person's after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DominantAddress:
    """An IP address with too many clicks.

    Attributes:
        network: network of the address, such as ``203.0.113.0/24``.
        share: its share of the latest clicks, 0 to 1.
    """

    network: str
    share: float


class DominantAddressDetector:
    """Detects an IP address with too many clicks: usually the sender's own proxy, missing in trusted_proxies."""

    def __init__(self) -> None:
        self._recent_addresses: deque[str] = deque()
        self._clicks_by_address: dict[str, int] = {}

    def add(self, address: str) -> None:
        """Count a click. Clicks without an IP address are ignored."""
        if not address:
            return
        self._recent_addresses.append(address)
        self._clicks_by_address[address] = self._clicks_by_address.get(address, 0) + 1
        if len(self._recent_addresses) > WINDOW_CLICKS:
            oldest = self._recent_addresses.popleft()
            remaining = self._clicks_by_address.pop(oldest) - 1
            if remaining:
                self._clicks_by_address[oldest] = remaining

    def find_dominant_address(self) -> DominantAddress | None:
        """Return the IP address with more than 30 % of the latest clicks, if any and if there are enough clicks."""
        if len(self._recent_addresses) < MIN_CLICKS:
            return None
        address, clicks = max(self._clicks_by_address.items(), key=itemgetter(1))
        share = clicks / len(self._recent_addresses)
        return DominantAddress(network=_format_network(address), share=share) if share > MIN_SHARE else None


def _format_network(address: str) -> str:
    try:
        version = ip_network(address).version
        return str(ip_network(f"{address}/{_PREFIX_LENGTHS[version]}", strict=False))
    except ValueError:
        return ""
