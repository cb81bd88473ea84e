"""Clicks from the same IP addresses on other messages: one address that opens many people's mail is a scanner's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zlib import crc32

from clicktrail.judge.networks import address_to_int, parse_range
from clicktrail.model.event import Click

__all__ = ["ACTIVITY_WINDOW", "AddressClick", "group_by_address", "hash_user_agent", "is_visitor_address", "sort_key"]

ACTIVITY_WINDOW: Final = timedelta(seconds=60)
"""Maximum time between a click and a click on another message that may affect its verdict."""

_CACHE_SIZE = 16_384
"""Scanners return from the same addresses."""

_PRIVATE_RANGES: Final = tuple(
    map(
        parse_range,
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
"""Private, loopback and link-local addresses (RFC 1918, 1122, 3927, 4193, 4291): the sender's own proxy.

``::1`` is missing: `address_to_int` refuses reserved IPv6 addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressClick:
    """A click, reduced to what the verdicts of other messages need.

    Attributes:
        at: aware, UTC.
        ip: IP address as text.
        message_id: empty if the token could not be opened.
        recipient: empty if unknown.
        tampered: whether the token could not be opened.
        user_agent_hash: from `hash_user_agent`; 0 if there is no ``User-Agent``.
    """

    at: datetime
    ip: str
    message_id: str
    recipient: str
    tampered: bool = False
    user_agent_hash: int = 0

    @property
    def recipient_key(self) -> str:
        """The recipient, or the message ID if the recipient is unknown."""
        return self.recipient or self.message_id

    @property
    def recipient_domain(self) -> str:
        """Domain of the recipient's email address; empty if unknown."""
        return self.recipient.rpartition("@")[2].lower() if "@" in self.recipient else ""

    @classmethod
    def from_click(cls, click: Click) -> "AddressClick":
        """Build from a click event."""
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
    """Group clicks by IP address: without duplicates, in the order of time, without one message's clicks."""
    clicks_by_ip: dict[str, list[AddressClick]] = {}
    for click in set(clicks):
        if click.message_id != exclude_message_id and is_visitor_address(click.ip):
            clicks_by_ip.setdefault(click.ip, []).append(click)
    return {ip: tuple(sorted(group, key=sort_key)) for ip, group in clicks_by_ip.items()}


@lru_cache(_CACHE_SIZE)
def is_visitor_address(ip: str) -> bool:
    """Whether clicks with this address have a visitor, or a visitor's network, in common.

    False for the sender's own proxy, for an address truncated to its network, and for text that is no IP address.
    """
    try:
        number = address_to_int(ip)
    except ValueError:
        return False
    return not any(private.first <= number <= private.last for private in _PRIVATE_RANGES)


def sort_key(click: AddressClick) -> tuple[datetime, str, str, int]:
    """Sort by time; the other fields make the order of simultaneous clicks unique."""
    return click.at, click.message_id, click.recipient, click.user_agent_hash


@lru_cache(_CACHE_SIZE)
def hash_user_agent(user_agent: str) -> int:
    """CRC-32 of a ``User-Agent``, 0 if empty. Stored in analytics, so it must never change."""
    return crc32(user_agent.encode(errors="replace"))
