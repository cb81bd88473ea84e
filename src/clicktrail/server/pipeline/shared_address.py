"""Notice when too many clicks come from one address: as a rule a proxy of the sender's own that is not trusted."""

from collections import deque
from dataclasses import dataclass
from ipaddress import ip_network
from operator import itemgetter

__all__ = ["AddressWatch", "SharedAddress"]

WINDOW = 1_000
"""Clicks that are looked at: the latest ones."""
LEAST = 100
"""Clicks before anything is said: of three clicks one is a third."""
SHARE = 0.3
_PREFIXES = {4: 24, 6: 48}
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


class AddressWatch:
    """Counts the addresses of the latest clicks."""

    def __init__(self) -> None:
        self._latest: deque[str] = deque()
        self._clicks: dict[str, int] = {}

    def see(self, address: str) -> None:
        """Count a click; one without an address tells nothing."""
        if not address:
            return
        self._latest.append(address)
        self._clicks[address] = self._clicks.get(address, 0) + 1
        if len(self._latest) > WINDOW:
            oldest = self._latest.popleft()
            clicks = self._clicks.pop(oldest) - 1
            if clicks:
                self._clicks[oldest] = clicks

    def shared(self) -> SharedAddress | None:
        """The address of over 30 % of the latest clicks; None where there is none, or were too few clicks."""
        if len(self._latest) < LEAST:
            return None
        address, clicks = max(self._clicks.items(), key=itemgetter(1))
        share = clicks / len(self._latest)
        return SharedAddress(network=_network(address), share=share) if share > SHARE else None


def _network(address: str) -> str:
    try:
        version = ip_network(address).version
        return str(ip_network(f"{address}/{_PREFIXES[version]}", strict=False))
    except ValueError:
        return ""
