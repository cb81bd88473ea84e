"""Requests by the same addresses on other messages, as far as they tell scanners from people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zlib import crc32

from clicktrail.judge import networks
from clicktrail.model.event import Click

__all__ = ["ACTIVITY_WINDOW", "AddressClick", "group_by_address", "hash_user_agent", "is_visitor_address", "sort_key"]

ACTIVITY_WINDOW: Final = timedelta(seconds=60)
"""How far from a message's request another message's request by the same address may be to matter to it."""

_CACHE_SIZE = 16_384
"""Addresses that are read once: scanners come back from the same ones."""

_PRIVATE_RANGES: Final = tuple(
    map(
        networks.parse_range,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)
"""Private, loopback and link-local addresses (RFC 1918, 1122, 3927, 4193, 4291): a proxy of the sender's own.

That of IPv6's loopback, ``::1``, is among the reserved ones, which are nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressClick:
    """One request, as another message's verdicts see it.

    Attributes:
        at: when it came, aware, UTC.
        ip: from which address, as text.
        message_id: what it was for; empty where the token did not open.
        recipient: whose message that was; empty where unknown.
        tampered: the token did not open.
        user_agent_hash: a number that its ``User-Agent`` has; 0 where it had none, or nobody told.
    """

    at: datetime
    ip: str
    message_id: str
    recipient: str
    tampered: bool = False
    user_agent_hash: int = 0

    @property
    def recipient_key(self) -> str:
        """Whose message it was: where the recipient is unknown, each message is another one's."""
        return self.recipient or self.message_id

    @property
    def recipient_domain(self) -> str:
        """Where the recipient has their mail; empty where nobody knows."""
        return self.recipient.rpartition("@")[2].lower() if "@" in self.recipient else ""

    @classmethod
    def from_click(cls, click: Click) -> "AddressClick":
        """The visit that a click is."""
        return cls(
            at=click.at,
            ip=click.ip,
            message_id=click.message_id,
            recipient=click.recipient,
            tampered=click.tampered,
            user_agent_hash=hash_user_agent(click.user_agent),
        )


def group_by_address(
    clicks: Iterable[AddressClick], *, exclude_message_id: str
) -> Mapping[str, tuple[AddressClick, ...]]:
    """Visits by their address, each once and in the order of time, without those for the message ``exclude_message_id``."""
    found: dict[str, list[AddressClick]] = {}
    for visit in set(clicks):
        if visit.message_id != exclude_message_id and is_visitor_address(visit.ip):
            found.setdefault(visit.ip, []).append(visit)
    return {ip: tuple(sorted(of_it, key=sort_key)) for ip, of_it in found.items()}


@lru_cache(_CACHE_SIZE)
def is_visitor_address(ip: str) -> bool:
    """Whether two requests from this address have a visitor, or a visitor's network, in common.

    The address of a proxy of our own does not say it, nor does one that was shortened, nor what is no address.
    """
    try:
        number = networks.address_to_int(ip)
    except ValueError:
        return False
    return not any(block.first <= number <= block.last for block in _PRIVATE_RANGES)


def sort_key(click: AddressClick) -> tuple[datetime, str, str, int]:
    """What an address's visits are sorted by: it tells each from the others."""
    return click.at, click.message_id, click.recipient, click.user_agent_hash


@lru_cache(_CACHE_SIZE)
def hash_user_agent(user_agent: str) -> int:
    """A number for an agent: enough to tell those at one address from each other; 0 for none. It never changes."""
    return crc32(user_agent.encode(errors="replace"))
