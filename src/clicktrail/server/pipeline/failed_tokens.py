"""Limit the recorded requests for tokens that cannot be opened or resolved.

Anyone can make up such tokens. They are recorded because scanners damage links, and because a link that cannot be
looked up now is still a click; a few of each network are enough for both. Clicks on links that open are never limited.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate of events: ``burst`` at once, then ``per_second``."""

    burst: int
    per_second: float


NETWORK_RATE: Final = Rate(burst=50, per_second=10)
"""For one network. A scanner that checks all links of a campaign damages a few a second."""
TOTAL_RATE: Final = Rate(burst=500, per_second=100)
"""For all networks, because an attacker may have many: at most some 100 kB a second in the journal of a worker."""
_MAX_NETWORKS: Final = 4_096
_NETWORK_CACHE_SIZE: Final = 4_096


class FailedTokenLimiter:
    """Decides which requests with failed tokens are recorded.

    Attributes:
        omitted_count: number of requests so far that were not recorded.
    """

    def __init__(self, *, network_rate: Rate = NETWORK_RATE, total_rate: Rate = TOTAL_RATE) -> None:
        self.omitted_count = 0
        self._network_rate = network_rate
        self._total = _TokenBucket(total_rate)
        self._networks: OrderedDict[str, _TokenBucket] = OrderedDict()

    def allows(self, ip: str, *, now: datetime) -> bool:
        """Whether to record a request from an IP address, which may be empty."""
        bucket = self._get_bucket(find_network(ip))
        if bucket.take(now) and self._total.take(now):
            return True
        self.omitted_count += 1
        return False

    def _get_bucket(self, network: str) -> "_TokenBucket":
        bucket = self._networks.get(network)
        if bucket is None:
            bucket = self._networks[network] = _TokenBucket(self._network_rate)
            if len(self._networks) > _MAX_NETWORKS:
                self._networks.popitem(last=False)
        else:
            self._networks.move_to_end(network)
        return bucket


@lru_cache(_NETWORK_CACHE_SIZE)
def find_network(ip: str) -> str:
    """The network that usually belongs to one customer: ``/24`` for IPv4, ``/64`` for IPv6; empty if unknown."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    size = 3 if isinstance(address, IPv4Address) else 8
    return address.packed[:size].hex()


class _TokenBucket:
    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._filled_at: datetime | None = None

    def take(self, now: datetime) -> bool:
        if self._filled_at is not None:
            elapsed_s = max(0.0, (now - self._filled_at).total_seconds())  # the clock may be set back
            self._tokens = min(self._rate.burst, self._tokens + elapsed_s * self._rate.per_second)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
