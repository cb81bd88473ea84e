"""Group events by message and judge each message as the running system does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from clicktrail.judge import Judge
from clicktrail.judge.address_activity import Visit
from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict

__all__ = ["Organisation", "Organisations", "is_reported", "judged_messages", "message_of"]

_BETWEEN: Final = "\x1f"
"""Stands in no campaign's name and in no recipient's."""


def message_of(event: AnyEvent) -> str:
    """What names an event's message: its id; else campaign and recipient; else the event, alone."""
    if event.message_id:
        return event.message_id
    return _BETWEEN.join((event.campaign, event.recipient)) if event.recipient else event.id


def judged_messages(
    events: Iterable[AnyEvent], judge: Judge, nearby: Mapping[str, Iterable[Visit]]
) -> Iterator[tuple[Timeline, tuple[JudgedClick, ...]]]:
    """Every message among these events with the verdicts on its clicks, by name, whatever order the events come in.

    Args:
        events: all there are of these messages.
        judge: gives every click of a timeline its verdict.
        nearby: by message, what its addresses did on other messages.
    """
    messages: dict[str, list[AnyEvent]] = {}
    for event in events:
        messages.setdefault(message_of(event), []).append(event)
    for name, told in sorted(messages.items()):
        timeline = Timeline.of(name, told)
        yield timeline, judge(timeline, nearby=nearby.get(name, ()))


def is_reported(timeline: Timeline) -> bool:
    """Whether a message is one: a click on a damaged token names neither message nor campaign, nor does a report."""
    return any(event.message_id or event.campaign for event in timeline.events)


# FOLDED organisations.py: Find the organisations that have a scanner in front of their mail.

_NETWORKS = frozenset({"mail-security-network", "datacentre-network"})


@dataclass(slots=True, kw_only=True)
class Organisation:
    """The recipients at one domain.

    Attributes:
        domain: behind the ``@`` of their addresses.
        clicked: messages to them with a click of any verdict.
        scanned: those with a bot's.
        networks: from which networks bots came, by messages.
    """

    domain: str
    clicked: int = 0
    scanned: int = 0
    networks: Counter[str] = field(default_factory=Counter)


class Organisations:
    """Counts message by message; recipients who are no addresses belong to no organisation that we know."""

    def __init__(self) -> None:
        self._by_domain: dict[str, Organisation] = {}

    def add(self, clicks: Sequence[JudgedClick]) -> None:
        """Count the clicks of one message."""
        recipient = next((judged.click.recipient for judged in clicks if "@" in judged.click.recipient), "")
        if not recipient:
            return
        domain = recipient.rpartition("@")[2].lower()
        organisation = self._by_domain.setdefault(domain, Organisation(domain=domain))
        bots = [judged for judged in clicks if judged.verdict is Verdict.BOT]
        organisation.clicked += 1
        organisation.scanned += bool(bots)
        organisation.networks.update(
            {
                reason.detail.removeprefix("network ")
                for judged in bots
                for reason in judged.reasons
                if reason.signal in _NETWORKS
            }
        )

    def scanned(self) -> list[Organisation]:
        """Those whose messages bots clicked, the most scanned first."""
        found = (organisation for organisation in self._by_domain.values() if organisation.scanned)
        return sorted(found, key=lambda organisation: (-organisation.scanned, organisation.domain))
