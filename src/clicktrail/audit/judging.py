"""Group events by message and judge each message as the running system does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from clicktrail.judge import Judge
from clicktrail.judge.address_activity import AddressClick
from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict

__all__ = ["RecipientDomain", "RecipientDomainCounter", "is_reportable", "judge_messages", "message_key"]

_KEY_SEPARATOR: Final = "\x1f"
"""Stands in no campaign's name and in no recipient's."""


def message_key(event: AnyEvent) -> str:
    """What names an event's message: its id; else campaign and recipient; else the event, alone."""
    if event.message_id:
        return event.message_id
    return _KEY_SEPARATOR.join((event.campaign, event.recipient)) if event.recipient else event.id


def judge_messages(
    events: Iterable[AnyEvent], judge: Judge, address_clicks: Mapping[str, Iterable[AddressClick]]
) -> Iterator[tuple[Timeline, tuple[JudgedClick, ...]]]:
    """Every message among these events with the verdicts on its clicks, by name, whatever order the events come in.

    Args:
        events: all there are of these messages.
        judge: gives every click of a timeline its verdict.
        address_clicks: by message, what its addresses did on other messages.
    """
    messages: dict[str, list[AnyEvent]] = {}
    for event in events:
        messages.setdefault(message_key(event), []).append(event)
    for name, told in sorted(messages.items()):
        timeline = Timeline.from_events(name, told)
        yield timeline, judge(timeline, address_clicks=address_clicks.get(name, ()))


def is_reportable(timeline: Timeline) -> bool:
    """Whether a message is one: a click on a damaged token names neither message nor campaign, nor does a report."""
    return any(event.message_id or event.campaign for event in timeline.events)


# FOLDED organisations.py: Find the organisations that have a scanner in front of their mail.

_NETWORK_SIGNALS = frozenset({"mail-security-network", "datacentre-network"})


@dataclass(slots=True, kw_only=True)
class RecipientDomain:
    """The recipients at one domain.

    Attributes:
        domain: behind the ``@`` of their addresses.
        clicked_message_count: messages to them with a click of any verdict.
        scanned_message_count: those with a bot's.
        bot_networks: from which networks bots came, by messages.
    """

    domain: str
    clicked_message_count: int = 0
    scanned_message_count: int = 0
    bot_networks: Counter[str] = field(default_factory=Counter)


class RecipientDomainCounter:
    """Counts message by message; recipients who are no addresses belong to no organisation that we know."""

    def __init__(self) -> None:
        self._by_domain: dict[str, RecipientDomain] = {}

    def add(self, clicks: Sequence[JudgedClick]) -> None:
        """Count the clicks of one message."""
        recipient = next((judged.click.recipient for judged in clicks if "@" in judged.click.recipient), "")
        if not recipient:
            return
        domain = recipient.rpartition("@")[2].lower()
        organisation = self._by_domain.setdefault(domain, RecipientDomain(domain=domain))
        bots = [judged for judged in clicks if judged.verdict is Verdict.BOT]
        organisation.clicked_message_count += 1
        organisation.scanned_message_count += bool(bots)
        organisation.bot_networks.update(
            {
                reason.detail.removeprefix("network ")
                for judged in bots
                for reason in judged.reasons
                if reason.signal in _NETWORK_SIGNALS
            }
        )

    def list_scanned_domains(self) -> list[RecipientDomain]:
        """Those whose messages bots clicked, the most scanned first."""
        found = (organisation for organisation in self._by_domain.values() if organisation.scanned_message_count)
        return sorted(found, key=lambda organisation: (-organisation.scanned_message_count, organisation.domain))
