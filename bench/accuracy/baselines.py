"""Rules that other products publish to tell bots from people, reimplemented from their documentation.

Where a product uses a list of its own, ours is used instead, which can only improve its result.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

from clicktrail.audit import message_key
from clicktrail.judge import Context
from clicktrail.judge.networks import NetworkClass
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import is_prefetch

_MAX_PEOPLE_PER_IP: Final = 2
"""Trend Micro: most recipients that one IP address may click for."""

_DATACENTRE_CLASSES: Final = frozenset(
    {NetworkClass.MICROSOFT, NetworkClass.GOOGLE, NetworkClass.AWS, NetworkClass.DATACENTRE, NetworkClass.MAIL_SECURITY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickLog:
    """A log of events with the data that the rules need.

    Attributes:
        messages: all messages with clicks.
        context: our networks and User-Agents.
    """

    messages: Sequence[Timeline]
    context: Context

    @classmethod
    def from_events(cls, events: Iterable[AnyEvent], context: Context) -> "ClickLog":
        """Group events by message."""
        events_by_message: dict[str, list[AnyEvent]] = defaultdict(list)
        for event in events:
            events_by_message[message_key(event)].append(event)
        timelines = (
            Timeline.from_events(message_id, message_events) for message_id, message_events in events_by_message.items()
        )
        return cls(messages=[timeline for timeline in timelines if timeline.clicks], context=context)

    def has_bot_agent(self, click: Click) -> bool:
        """Whether the User-Agent is missing or names a program."""
        return not click.user_agent or self.context.agents.find(click.user_agent) is not None

    def find_network_class(self, click: Click) -> NetworkClass | None:
        network = self.context.networks.find(click.ip)
        return network.network_class if network else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The rule of one product.

    Attributes:
        name: name of the product.
        source: publication of the rule.
        find_bots: finds the ids of the clicks that the rule calls bots.
    """

    name: str
    source: str
    find_bots: Callable[[ClickLog], Iterator[str]]


def _apply_agent_list(log: ClickLog) -> Iterator[str]:
    for message in log.messages:
        yield from (click.id for click in message.clicks if log.has_bot_agent(click))


def _apply_mautic(log: ClickLog) -> Iterator[str]:
    """Two of: within two seconds of sending, IP address on a list, User-Agent on a list. Also HEAD and prefetches."""
    for message in log.messages:
        for click in message.clicks:
            is_fast = message.sent is not None and click.at - message.sent.at < timedelta(seconds=2)
            is_listed = log.find_network_class(click) is NetworkClass.MAIL_SECURITY
            if is_fast + is_listed + log.has_bot_agent(click) > 1 or click.method == "HEAD" or is_prefetch(click):
                yield click.id


def _apply_marketo(log: ClickLog) -> Iterator[str]:
    """User-Agent on a list, or two clicks on one message in the same second."""
    for message in log.messages:
        clicks_by_second: dict[int, list[Click]] = defaultdict(list)
        for click in message.clicks:
            clicks_by_second[int(click.at.timestamp())].append(click)
        for clicks in clicks_by_second.values():
            yield from (click.id for click in clicks if len(clicks) > 1 or log.has_bot_agent(click))


def _apply_omeda(log: ClickLog) -> Iterator[str]:
    """Hidden link followed, User-Agent on a list, or three clicks in a second."""
    for message in log.messages:
        trapped_ips = {click.ip for click in message.clicks if click.trap}
        burst_ids = _find_bursts(message.clicks, timedelta(seconds=1), more_than=2)
        for click in message.clicks:
            if click.ip in trapped_ips or click.id in burst_ids or log.has_bot_agent(click):
                yield click.id


def _apply_omeda_code_11(log: ClickLog) -> Iterator[str]:
    """Like `_apply_omeda`, and every click from a data centre."""
    yield from _apply_omeda(log)
    for message in log.messages:
        yield from (click.id for click in message.clicks if log.find_network_class(click) in _DATACENTRE_CLASSES)


def _apply_trend_micro(log: ClickLog) -> Iterator[str]:
    """IP address with a trap click or more than two recipients, more than three clicks in 3 s, User-Agent on a list."""
    recipients_by_ip: Mapping[str, set[str]] = defaultdict(set)
    trapped_ips: set[str] = set()
    for message in log.messages:
        for click in message.clicks:
            recipients_by_ip[click.ip].add(click.recipient)
            trapped_ips |= {click.ip} if click.trap else set()
    for message in log.messages:
        burst_ids = _find_bursts(message.clicks, timedelta(seconds=3), more_than=3)
        for click in message.clicks:
            if (
                click.ip in trapped_ips
                or len(recipients_by_ip[click.ip]) > _MAX_PEOPLE_PER_IP
                or click.id in burst_ids
                or log.has_bot_agent(click)
            ):
                yield click.id


def _apply_warmbly(log: ClickLog) -> Iterator[str]:
    """Agent, click within ten seconds, second link within two, or network of a scanner or Microsoft."""
    scanner_classes = {NetworkClass.MAIL_SECURITY, NetworkClass.MICROSOFT}
    for message in log.messages:
        clicks_by_ip: dict[str, list[Click]] = defaultdict(list)
        for click in message.clicks:
            clicks_by_ip[click.ip].append(click)
        burst_ids = {
            click.id
            for clicks in clicks_by_ip.values()
            for earlier, later in pairwise(clicks)
            if later.at - earlier.at < timedelta(seconds=2) and later.link != earlier.link
            for click in (earlier, later)
        }
        for click in message.clicks:
            is_fast = message.sent is not None and click.at - message.sent.at < timedelta(seconds=10)
            if (
                is_fast
                or click.id in burst_ids
                or log.has_bot_agent(click)
                or log.find_network_class(click) in scanner_classes
            ):
                yield click.id


BASELINES: Final = (
    Baseline(name="agent list only", source="crawler-user-agents, PyPI", find_bots=_apply_agent_list),
    Baseline(name="Mautic", source="mautic 5 to 7.2, issues 9798 and 16263", find_bots=_apply_mautic),
    Baseline(
        name="Marketo, 0 s",
        source="Marketo Engage, bot activity filtering by proximity, 2022",
        find_bots=_apply_marketo,
    ),
    Baseline(name="Omeda-like", source="Omeda, bot click reason codes, defaults", find_bots=_apply_omeda),
    Baseline(
        name="Omeda-like, code 11",
        source="Omeda, with the code for data centres, which is off by default",
        find_bots=_apply_omeda_code_11,
    ),
    Baseline(
        name="Trend-like", source="Trend Micro Phish Insight, rules to hide and to review", find_bots=_apply_trend_micro
    ),
    Baseline(name="Warmbly-like", source="warmbly issues 410, 412, 438 and 440", find_bots=_apply_warmbly),
)


def _find_bursts(clicks: Sequence[Click], window: timedelta, *, more_than: int) -> frozenset[str]:
    """Ids of the clicks in time windows with more than ``more_than`` clicks."""
    burst_ids: set[str] = set()
    for first in range(len(clicks)):
        window_ids = [click.id for click in clicks[first:] if click.at - clicks[first].at <= window]
        if len(window_ids) > more_than:
            burst_ids.update(window_ids)
    return frozenset(burst_ids)
