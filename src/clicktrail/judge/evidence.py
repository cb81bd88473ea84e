"""Evidence about one message: its clicks, and clicks from the same IP addresses on other messages.

One address that opens many people's mail belongs to a scanner.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Final
from zlib import crc32

import msgspec

from clicktrail.judge.address_activity import AddressActivity
from clicktrail.judge.networks import Network, NetworkClass, address_to_int, parse_range
from clicktrail.judge.rules import Context
from clicktrail.judge.user_agents import Browser, ChromeReleases, DeclaredAgent, parse_browser
from clicktrail.model.event import Click, Engagement
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import is_prefetch

SignalMatches = Mapping[str, str]
"""By click ID, a detail such as "7 links in 0.6 s", for the clicks that the signal matches."""

Signal = Callable[..., SignalMatches]
"""Called with the `MessageEvidence`, and with the rule's thresholds as keyword arguments."""

sort_key = attrgetter("at", "message_id", "recipient", "user_agent_hash")
"""Sorts `AddressClick` by time; the other fields make the order of simultaneous clicks unique."""

ACTIVITY_WINDOW: Final = timedelta(seconds=60)
"""Maximum time between a click and a click on another message that may affect its verdict."""

INTERVAL: Final = timedelta(seconds=10)
"""Where there are too many clicks to compare all, the first ones of every interval are compared."""

_EPOCH: Final = datetime.fromtimestamp(0, UTC)

_CACHE_SIZE = 16_384
"""Scanners return from the same addresses."""

_PRIVATE_RANGES: Final = tuple(
    map(
        parse_range,
        ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
"""Private, loopback and link-local addresses (RFC 1918, 1122, 3927, 4193, 4291), ascending: the sender's own proxy.

``::1`` is missing: `address_to_int` refuses reserved IPv6 addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressClick:
    """A click, reduced to what the verdicts of other messages need.

    Attributes:
        at: aware, UTC.
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


def has_time_near(times: Sequence[datetime], at: datetime, distance: timedelta) -> bool:
    """Whether one of the times, in ascending order, is at most ``distance`` before or after ``at``."""
    first = bisect_left(times, at - distance)
    return first < len(times) and times[first] <= at + distance


def start_of_interval(at: datetime) -> datetime:
    """Start of the `INTERVAL` that a time belongs to. Intervals are counted from the Unix epoch."""
    return at - (at - _EPOCH) % INTERVAL


def group_by_address(
    clicks: Iterable[AddressClick], *, exclude_message_id: str
) -> Mapping[str, tuple[AddressClick, ...]]:
    """Group clicks by IP address: without duplicates, in the order of time, without one message's clicks."""
    clicks_by_ip: dict[str, list[AddressClick]] = {}
    for click in set(clicks):
        if click.message_id != exclude_message_id and is_public_ip(click.ip):
            clicks_by_ip.setdefault(click.ip, []).append(click)
    return {ip: tuple(sorted(group, key=sort_key)) for ip, group in clicks_by_ip.items()}


@lru_cache(_CACHE_SIZE)
def is_public_ip(ip: str) -> bool:
    """Whether an IP address is public, so that it identifies a visitor or a visitor's network.

    False for private addresses (the sender's own proxy), shortened addresses such as ``192.0.2.0/24``, and other text.
    """
    try:
        number = address_to_int(ip)
    except ValueError:
        return False
    nearest = _PRIVATE_RANGES[bisect_right(_PRIVATE_RANGES, number, key=attrgetter("first")) - 1]
    return not nearest.first <= number <= nearest.last


@lru_cache(_CACHE_SIZE)
def hash_user_agent(user_agent: str) -> int:
    """CRC-32 of a ``User-Agent``, 0 if empty. Stored in analytics, so it must never change."""
    return crc32(user_agent.encode(errors="replace"))


DATACENTRE_CLASSES: Final = frozenset(
    {NetworkClass.MICROSOFT, NetworkClass.GOOGLE, NetworkClass.AWS, NetworkClass.DATACENTRE}
)
"""Networks of rented computers."""

SHARED_NETWORK_CLASSES: Final = frozenset(
    {NetworkClass.SSE_EGRESS, NetworkClass.CDN_RELAY, NetworkClass.VPN, NetworkClass.OURS}
)
"""Networks where many unrelated people share one IP address."""

_MACHINE_NETWORK_CLASSES: Final = DATACENTRE_CLASSES | {NetworkClass.MAIL_SECURITY}


class MessageEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a signal may use. Mappings are by click ID, unless stated otherwise.

    Attributes:
        clicks: all clicks on the message, in the order of time.
        regular_clicks: clicks except prefetches and tampered links.
        clicks_with_headers: clicks with known request headers. ESPs do not report headers, and old logs lack them.
        bounced_recipients: recipients whose server refused the message, if no delivery is known.
        arrived_at: time of delivery, or of sending if the delivery is unknown; None if both are.
        link_count: number of tracked links; 0 if unknown.
        networks: known networks of the clicks' IP addresses.
        machine_network_click_ids: clicks from data centres and mail security companies, where few people read mail.
        browsers: browsers that the clicks claim to come from.
        loaded_click_ids: clicks on whose landing page the script ran.
        engagements: first press, scroll or key on the landing page.
        clicks_by_address: clicks on other messages, by IP address, in the order of time.
        address_activity: what addresses did over the whole log; empty where not all clicks are known.
    """

    clicks: tuple[Click, ...]
    regular_clicks: tuple[Click, ...]
    clicks_with_headers: tuple[Click, ...]
    bounced_recipients: frozenset[str]
    arrived_at: datetime | None
    link_count: int
    networks: Mapping[str, Network]
    datacentre_click_ids: frozenset[str]
    machine_network_click_ids: frozenset[str]
    declared_agents: Mapping[str, DeclaredAgent]
    browsers: Mapping[str, Browser]
    loaded_click_ids: frozenset[str]
    engagements: Mapping[str, Engagement]
    clicks_by_address: Mapping[str, Sequence[AddressClick]]
    address_activity: Mapping[str, AddressActivity]
    chrome_releases: ChromeReleases

    @classmethod
    def from_timeline(
        cls, timeline: Timeline, context: Context, address_clicks: Iterable[AddressClick] = ()
    ) -> "MessageEvidence":
        """Collect the evidence about a message."""
        clicks, engagements = timeline.clicks, timeline.engagements
        clicks_with_headers = tuple(click for click in clicks if click.headers and not click.esp)
        networks = {click.id: network for click in clicks if (network := context.networks.find(click.ip))}
        return cls(
            clicks=clicks,
            regular_clicks=tuple(click for click in clicks if not click.tampered and not is_prefetch(click)),
            clicks_with_headers=clicks_with_headers,
            bounced_recipients=frozenset(() if timeline.delivered else (event.recipient for event in timeline.bounces)),
            arrived_at=timeline.arrived_at,
            link_count=_find_link_count(timeline, context),
            networks=networks,
            datacentre_click_ids=frozenset(
                click_id for click_id, network in networks.items() if network.network_class in DATACENTRE_CLASSES
            ),
            machine_network_click_ids=frozenset(
                click_id for click_id, network in networks.items() if network.network_class in _MACHINE_NETWORK_CLASSES
            ),
            declared_agents={click.id: agent for click in clicks if (agent := context.agents.find(click.user_agent))},
            browsers={click.id: browser for click in clicks if (browser := parse_browser(click.user_agent))},
            loaded_click_ids=frozenset(event.click_id for event in engagements),
            engagements={event.click_id: event for event in reversed(engagements) if event.kind == "engaged"},
            clicks_by_address=group_by_address(address_clicks, exclude_message_id=timeline.message_id),
            address_activity=context.address_activity,
            chrome_releases=context.rules.chrome_releases,
        )


def _find_link_count(timeline: Timeline, context: Context) -> int:
    link_count = timeline.sent.links if timeline.sent else 0
    if link_count or not context.link_counts or not timeline.clicks:
        return link_count
    return context.link_counts.get(timeline.clicks[0].campaign, 0)
