"""Notice when too many clicks come from one address: as a rule a proxy of the sender's own that is not trusted."""

from collections import deque
from dataclasses import dataclass
from ipaddress import ip_network
from operator import itemgetter

__all__ = ["SharedAddress", "SharedAddressDetector"]

WINDOW_CLICKS = 1_000
"""Clicks that are looked at: the latest ones."""
MIN_CLICKS = 100
"""Clicks before anything is said: of three clicks one is a third."""
MIN_SHARE = 0.3
_PREFIX_LENGTHS = {4: 24, 6: 48}
"""Of an address no more is told than these many bits: it may be a person's after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAddress:
    """One address from which too many clicks come.

    Attributes:
        network: that it is in, such as ``203.0.113.0/24``.
        share: of the latest clicks, 0 to 1.
    """

    network: str
    share: float


class SharedAddressDetector:
    """Counts the addresses of the latest clicks."""

    def __init__(self) -> None:
        self._recent_addresses: deque[str] = deque()
        self._clicks_by_address: dict[str, int] = {}

    def add(self, address: str) -> None:
        """Count a click; one without an address tells nothing."""
        if not address:
            return
        self._recent_addresses.append(address)
        self._clicks_by_address[address] = self._clicks_by_address.get(address, 0) + 1
        if len(self._recent_addresses) > WINDOW_CLICKS:
            oldest = self._recent_addresses.popleft()
            clicks = self._clicks_by_address.pop(oldest) - 1
            if clicks:
                self._clicks_by_address[oldest] = clicks

    def find_shared_address(self) -> SharedAddress | None:
        """The address of over 30 % of the latest clicks; None where there is none, or were too few clicks."""
        if len(self._recent_addresses) < MIN_CLICKS:
            return None
        address, clicks = max(self._clicks_by_address.items(), key=itemgetter(1))
        share = clicks / len(self._recent_addresses)
        return SharedAddress(network=_truncate_to_network(address), share=share) if share > MIN_SHARE else None


def _truncate_to_network(address: str) -> str:
    try:
        version = ip_network(address).version
        return str(ip_network(f"{address}/{_PREFIX_LENGTHS[version]}", strict=False))
    except ValueError:
        return ""
