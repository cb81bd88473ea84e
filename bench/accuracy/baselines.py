"""How others tell scanners from people, by the rules that they publish.

Written anew from what their makers say; where a list is theirs alone, ours stands in for it, which can only help them.
Each gets all clicks of a log and names those that it takes for machines'.
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

__all__ = ["BASELINES", "Baseline", "ClickLog"]

_MAX_PEOPLE_PER_IP: Final = 2
"""People for whom one address may click, by Trend Micro."""

_DATACENTRE_CLASSES: Final = frozenset(
    {NetworkClass.MICROSOFT, NetworkClass.GOOGLE, NetworkClass.AWS, NetworkClass.DATACENTRE, NetworkClass.MAIL_SECURITY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickLog:
    """What was recorded, by message, and the lists that rules look things up in.

    Attributes:
        messages: every message with a click.
        context: our networks and agents.
    """

    messages: Sequence[Timeline]
    context: Context

    @classmethod
    def from_events(cls, events: Iterable[AnyEvent], context: Context) -> "ClickLog":
        """Group events by message."""
        told: dict[str, list[AnyEvent]] = defaultdict(list)
        for event in events:
            told[message_key(event)].append(event)
        timelines = (Timeline.from_events(name, happened) for name, happened in told.items())
        return cls(messages=[timeline for timeline in timelines if timeline.clicks], context=context)

    def has_bot_agent(self, click: Click) -> bool:
        """Whether the agent says that it is none of a person's."""
        return not click.user_agent or self.context.agents.find(click.user_agent) is not None

    def find_network_class(self, click: Click) -> NetworkClass | None:
        """What kind of network a click came from."""
        network = self.context.networks.find(click.ip)
        return network.network_class if network else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """One product's rule.

    Attributes:
        name: the product's.
        source: where its rule is published.
        find_bots: ids of the clicks that it takes for machines'.
    """

    name: str
    source: str
    find_bots: Callable[[ClickLog], Iterator[str]]


def _agent_list(log: ClickLog) -> Iterator[str]:
    for message in log.messages:
        yield from (click.id for click in message.clicks if log.has_bot_agent(click))


def _mautic(log: ClickLog) -> Iterator[str]:
    """Two of three: within two seconds of sending, address listed, agent listed; since 7.2 HEAD and prefetches."""
    for message in log.messages:
        for click in message.clicks:
            at_once = message.sent is not None and click.at - message.sent.at < timedelta(seconds=2)
            listed = log.find_network_class(click) is NetworkClass.MAIL_SECURITY
            if at_once + listed + log.has_bot_agent(click) > 1 or click.method == "HEAD" or is_prefetch(click):
                yield click.id


def _marketo(log: ClickLog) -> Iterator[str]:
    """Agent on a list, or two activities of one lead with one mail in the same second."""
    for message in log.messages:
        seconds: dict[int, list[Click]] = defaultdict(list)
        for click in message.clicks:
            seconds[int(click.at.timestamp())].append(click)
        for together in seconds.values():
            yield from (click.id for click in together if len(together) > 1 or log.has_bot_agent(click))


def _omeda(log: ClickLog) -> Iterator[str]:
    """Stealth links, agents, three clicks in a second."""
    for message in log.messages:
        trapped = {click.ip for click in message.clicks if click.trap}
        fast = _find_bursts(message.clicks, timedelta(seconds=1), more_than=2)
        for click in message.clicks:
            if click.ip in trapped or click.id in fast or log.has_bot_agent(click):
                yield click.id


def _omeda_code_11(log: ClickLog) -> Iterator[str]:
    """And whatever comes from data centres."""
    yield from _omeda(log)
    for message in log.messages:
        yield from (click.id for click in message.clicks if log.find_network_class(click) in _DATACENTRE_CLASSES)


def _trend_micro(log: ClickLog) -> Iterator[str]:
    """Addresses that followed hidden links, or clicked for more than two people; over three clicks in 3 s; agents."""
    people: Mapping[str, set[str]] = defaultdict(set)
    trapped: set[str] = set()
    for message in log.messages:
        for click in message.clicks:
            people[click.ip].add(click.recipient)
            trapped |= {click.ip} if click.trap else set()
    for message in log.messages:
        fast = _find_bursts(message.clicks, timedelta(seconds=3), more_than=3)
        for click in message.clicks:
            if (
                click.ip in trapped
                or len(people[click.ip]) > _MAX_PEOPLE_PER_IP
                or click.id in fast
                or log.has_bot_agent(click)
            ):
                yield click.id


def _warmbly(log: ClickLog) -> Iterator[str]:
    """Agents; within ten seconds; another link from the same source within two; scanners' and Microsoft's networks."""
    scanners = {NetworkClass.MAIL_SECURITY, NetworkClass.MICROSOFT}
    for message in log.messages:
        sources: dict[str, list[Click]] = defaultdict(list)
        for click in message.clicks:
            sources[click.ip].append(click)
        burst = {
            click.id
            for clicks in sources.values()
            for earlier, later in pairwise(clicks)
            if later.at - earlier.at < timedelta(seconds=2) and later.link != earlier.link
            for click in (earlier, later)
        }
        for click in message.clicks:
            instant = message.sent is not None and click.at - message.sent.at < timedelta(seconds=10)
            if instant or click.id in burst or log.has_bot_agent(click) or log.find_network_class(click) in scanners:
                yield click.id


BASELINES: Final = (
    Baseline(name="agent list only", source="crawler-user-agents, PyPI", find_bots=_agent_list),
    Baseline(name="Mautic", source="mautic 5 to 7.2, issues 9798 and 16263", find_bots=_mautic),
    Baseline(
        name="Marketo, 0 s", source="Marketo Engage, bot activity filtering by proximity, 2022", find_bots=_marketo
    ),
    Baseline(name="Omeda-like", source="Omeda, bot click reason codes as they are switched on", find_bots=_omeda),
    Baseline(
        name="Omeda-like, code 11",
        source="Omeda, with the code for data centres, off by default",
        find_bots=_omeda_code_11,
    ),
    Baseline(
        name="Trend-like", source="Trend Micro Phish Insight, rules to hide and to review", find_bots=_trend_micro
    ),
    Baseline(name="Warmbly-like", source="warmbly issues 410, 412, 438 and 440", find_bots=_warmbly),
)


def _find_bursts(clicks: Sequence[Click], window: timedelta, *, more_than: int) -> frozenset[str]:
    """Ids of clicks of which more than so many lie in one window."""
    found: set[str] = set()
    for first in range(len(clicks)):
        together = [click.id for click in clicks[first:] if click.at - clicks[first].at <= window]
        if len(together) > more_than:
            found.update(together)
    return frozenset(found)
