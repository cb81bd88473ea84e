"""Judge recorded events by message, and count the recipient domains whose mail is scanned."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from clicktrail.judge import Judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict

_KEY_SEPARATOR: Final = "\x1f"
"""Occurs in no campaign's name and in no recipient."""

_NETWORK_SIGNALS: Final = frozenset({"mail-security-network", "datacentre-network"})


def message_key(event: AnyEvent) -> str:
    """Identify an event's message: by its ID, else by campaign and recipient, else by the event's own ID."""
    if event.message_id:
        return event.message_id
    return _KEY_SEPARATOR.join((event.campaign, event.recipient)) if event.recipient else event.id


def judge_messages(
    events: Iterable[AnyEvent], judge: Judge, address_clicks: Mapping[str, Iterable[AddressClick]]
) -> Iterator[tuple[Timeline, tuple[JudgedClick, ...]]]:
    """Judge every message, in the order of message keys; events may be in any order.

    ``address_clicks`` has, by message key, clicks on other messages from the same IP addresses.
    """
    events_by_message: dict[str, list[AnyEvent]] = {}
    for event in events:
        events_by_message.setdefault(message_key(event), []).append(event)
    for key, message_events in sorted(events_by_message.items()):
        timeline = Timeline.from_events(key, message_events)
        yield timeline, judge(timeline, address_clicks=address_clicks.get(key, ()))


def is_reportable(timeline: Timeline) -> bool:
    """Whether reports include the message: not if it consists of clicks whose tampered token names no message."""
    return any(event.message_id or event.campaign for event in timeline.events)


@dataclass(slots=True, kw_only=True)
class RecipientDomain:
    """Clicks on the mail of one domain's recipients.

    Attributes:
        scanned_message_count: messages with a bot's click.
        bot_networks: messages by network of a bot's click.
    """

    domain: str
    clicked_message_count: int = 0
    scanned_message_count: int = 0
    bot_networks: Counter[str] = field(default_factory=Counter)


class RecipientDomainCounter:
    """Count messages by the domain of their recipient; recipients that are not email addresses are left out."""

    def __init__(self) -> None:
        self._by_domain: dict[str, RecipientDomain] = {}

    def add(self, clicks: Sequence[JudgedClick]) -> None:
        """Add the clicks of one message."""
        recipient = next((judged.click.recipient for judged in clicks if "@" in judged.click.recipient), "")
        if not recipient:
            return
        name = recipient.rpartition("@")[2].lower()
        domain = self._by_domain.setdefault(name, RecipientDomain(domain=name))
        bot_clicks = [judged for judged in clicks if judged.verdict is Verdict.BOT]
        domain.clicked_message_count += 1
        domain.scanned_message_count += bool(bot_clicks)
        domain.bot_networks.update(
            {
                reason.detail.removeprefix("network ")
                for judged in bot_clicks
                for reason in judged.reasons
                if reason.signal in _NETWORK_SIGNALS
            }
        )

    def list_scanned_domains(self) -> list[RecipientDomain]:
        """Domains with a bot's clicks, by descending number of scanned messages."""
        scanned_domains = (domain for domain in self._by_domain.values() if domain.scanned_message_count)
        return sorted(scanned_domains, key=lambda domain: (-domain.scanned_message_count, domain.domain))
