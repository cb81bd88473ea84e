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

from clicktrail.audit import message_of
from clicktrail.judge import Context
from clicktrail.judge.networks import NetworkClass
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import is_prefetch

__all__ = ["PEERS", "Log", "Peer"]

_SHARED: Final = 2
"""People for whom one address may click, by Trend Micro."""

_CLOUDS: Final = frozenset(
    {NetworkClass.MICROSOFT, NetworkClass.GOOGLE, NetworkClass.AWS, NetworkClass.DATACENTRE, NetworkClass.MAIL_SECURITY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What was recorded, by message, and the lists that rules look things up in.

    Attributes:
        messages: every message with a click.
        context: our networks and agents.
    """

    messages: Sequence[Timeline]
    context: Context

    @classmethod
    def of(cls, events: Iterable[AnyEvent], context: Context) -> "Log":
        """Group events by message."""
        told: dict[str, list[AnyEvent]] = defaultdict(list)
        for event in events:
            told[message_of(event)].append(event)
        timelines = (Timeline.of(name, happened) for name, happened in told.items())
        return cls(messages=[timeline for timeline in timelines if timeline.clicks], context=context)

    def declares(self, click: Click) -> bool:
        """Whether the agent says that it is none of a person's."""
        return not click.user_agent or self.context.agents.find(click.user_agent) is not None

    def network(self, click: Click) -> NetworkClass | None:
        """What kind of network a click came from."""
        network = self.context.networks.find(click.ip)
        return network.kind if network else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One product's rule.

    Attributes:
        name: the product's.
        source: where its rule is published.
        machines: ids of the clicks that it takes for machines'.
    """

    name: str
    source: str
    machines: Callable[[Log], Iterator[str]]


def _agent_list(log: Log) -> Iterator[str]:
    for message in log.messages:
        yield from (click.id for click in message.clicks if log.declares(click))


def _mautic(log: Log) -> Iterator[str]:
    """Two of three: within two seconds of sending, address listed, agent listed; since 7.2 HEAD and prefetches."""
    for message in log.messages:
        for click in message.clicks:
            at_once = message.sent is not None and click.at - message.sent.at < timedelta(seconds=2)
            listed = log.network(click) is NetworkClass.MAIL_SECURITY
            if at_once + listed + log.declares(click) > 1 or click.method == "HEAD" or is_prefetch(click):
                yield click.id


def _marketo(log: Log) -> Iterator[str]:
    """Agent on a list, or two activities of one lead with one mail in the same second."""
    for message in log.messages:
        seconds: dict[int, list[Click]] = defaultdict(list)
        for click in message.clicks:
            seconds[int(click.at.timestamp())].append(click)
        for together in seconds.values():
            yield from (click.id for click in together if len(together) > 1 or log.declares(click))


def _omeda(log: Log) -> Iterator[str]:
    """Stealth links, agents, three clicks in a second."""
    for message in log.messages:
        trapped = {click.ip for click in message.clicks if click.trap}
        fast = _within(message.clicks, timedelta(seconds=1), more_than=2)
        for click in message.clicks:
            if click.ip in trapped or click.id in fast or log.declares(click):
                yield click.id


def _omeda_code_11(log: Log) -> Iterator[str]:
    """And whatever comes from data centres."""
    yield from _omeda(log)
    for message in log.messages:
        yield from (click.id for click in message.clicks if log.network(click) in _CLOUDS)


def _trend(log: Log) -> Iterator[str]:
    """Addresses that followed hidden links, or clicked for more than two people; over three clicks in 3 s; agents."""
    people: Mapping[str, set[str]] = defaultdict(set)
    trapped: set[str] = set()
    for message in log.messages:
        for click in message.clicks:
            people[click.ip].add(click.recipient)
            trapped |= {click.ip} if click.trap else set()
    for message in log.messages:
        fast = _within(message.clicks, timedelta(seconds=3), more_than=3)
        for click in message.clicks:
            if click.ip in trapped or len(people[click.ip]) > _SHARED or click.id in fast or log.declares(click):
                yield click.id


def _warmbly(log: Log) -> Iterator[str]:
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
            if instant or click.id in burst or log.declares(click) or log.network(click) in scanners:
                yield click.id


PEERS: Final = (
    Peer(name="agent list only", source="crawler-user-agents, PyPI", machines=_agent_list),
    Peer(name="Mautic", source="mautic 5 to 7.2, issues 9798 and 16263", machines=_mautic),
    Peer(name="Marketo, 0 s", source="Marketo Engage, bot activity filtering by proximity, 2022", machines=_marketo),
    Peer(name="Omeda-like", source="Omeda, bot click reason codes as they are switched on", machines=_omeda),
    Peer(
        name="Omeda-like, code 11",
        source="Omeda, with the code for data centres, off by default",
        machines=_omeda_code_11,
    ),
    Peer(name="Trend-like", source="Trend Micro Phish Insight, rules to hide and to review", machines=_trend),
    Peer(name="Warmbly-like", source="warmbly issues 410, 412, 438 and 440", machines=_warmbly),
)


def _within(clicks: Sequence[Click], window: timedelta, *, more_than: int) -> frozenset[str]:
    """Ids of clicks of which more than so many lie in one window."""
    found: set[str] = set()
    for first in range(len(clicks)):
        together = [click.id for click in clicks[first:] if click.at - clicks[first].at <= window]
        if len(together) > more_than:
            found.update(together)
    return frozenset(found)
