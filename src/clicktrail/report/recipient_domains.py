"""Deliveries and clicks by the domain of the recipient."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from clicktrail.model.event import Bounced, Delivered, Sent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report.people import is_suspected_by_network_alone


@dataclass(slots=True, kw_only=True)
class RecipientDomain:
    """Messages to one domain's recipients.

    Attributes:
        clicked: messages with a counted click.
        clicked_by_people: messages with a human click.
        clicked_by_people_at_most: those, and messages with a click that is suspected because of its network alone.
        scanned: messages with a bot's click.
        has_evidence: whether any click has evidence of who made it.
        bot_names: messages by the name of a bot that clicked.
    """

    domain: str
    accepted: int = 0
    bounced: int = 0
    reported_deliveries: int = 0
    clicked: int = 0
    clicked_by_people: int = 0
    clicked_by_people_at_most: int = 0
    scanned: int = 0
    has_evidence: bool = False
    bot_names: Counter[str] = field(default_factory=Counter)

    @property
    def delivered(self) -> int:
        """Reported deliveries; if none were reported, accepted less bounced."""
        return self.reported_deliveries or max(0, self.accepted - self.bounced)

    @property
    def raw_rate(self) -> float | None:
        """Messages clicked ÷ delivered; None if unknown."""
        return self._divide(self.clicked)

    @property
    def people(self) -> int | None:
        """Messages clicked by people; None if unknown."""
        return self.clicked_by_people if self.has_evidence or not self.clicked else None

    @property
    def people_at_most(self) -> int | None:
        """The highest possible number; None if unknown."""
        return None if self.people is None else self.clicked_by_people_at_most

    @property
    def human_rate(self) -> float | None:
        """Messages clicked by people ÷ delivered; None if unknown."""
        return self._divide(self.people)

    @property
    def human_rate_at_most(self) -> float | None:
        """The highest possible rate; None if unknown."""
        return self._divide(self.people_at_most)

    def _divide(self, number: int | None) -> float | None:
        has_rates = self.delivered > 0 and self.clicked <= self.delivered
        return number / self.delivered if has_rates and number is not None else None


class RecipientDomainCounter:
    """Counts messages by domain. Messages without an email address as recipient are left out.

    Args:
        name_bot: the name of the program that made a bot's click; empty if unknown.
    """

    def __init__(self, name_bot: Callable[[JudgedClick], str]) -> None:
        self._name_bot = name_bot
        self._by_domain: dict[str, RecipientDomain] = {}

    def add(self, timeline: Timeline, clicks: Sequence[JudgedClick]) -> None:
        """Add the judged clicks of one message."""
        name = find_recipient_domain(timeline)
        if not name:
            return
        domain = self._by_domain.get(name)
        if domain is None:
            domain = self._by_domain[name] = RecipientDomain(domain=name)
        types = set(map(type, timeline.events))
        domain.accepted += Sent in types
        domain.bounced += Bounced in types
        domain.reported_deliveries += Delivered in types
        if clicks:
            self._add_clicks(domain, [judged for judged in clicks if judged.counted])
            domain.has_evidence = domain.has_evidence or has_evidence(timeline, clicks)

    def _add_clicks(self, domain: RecipientDomain, clicks: Sequence[JudgedClick]) -> None:
        is_human = any(judged.verdict is Verdict.HUMAN for judged in clicks)
        bot_clicks = [judged for judged in clicks if judged.verdict is Verdict.BOT]
        domain.clicked += bool(clicks)
        domain.clicked_by_people += is_human
        domain.clicked_by_people_at_most += is_human or any(map(is_suspected_by_network_alone, clicks))
        domain.scanned += bool(bot_clicks)
        domain.bot_names.update({name for judged in bot_clicks if (name := self._name_bot(judged))})

    def list_domains(self) -> list[RecipientDomain]:
        """All domains: those with the most clicked messages first."""
        return sorted(self._by_domain.values(), key=lambda row: (-row.clicked, -row.delivered, row.domain))


def find_recipient_domain(timeline: Timeline) -> str:
    """The domain of a message's recipient; empty if it is no email address."""
    recipient = next((event.recipient for event in timeline.events if "@" in event.recipient), "")
    return recipient.rpartition("@")[2].lower()


def has_evidence(timeline: Timeline, clicks: Iterable[JudgedClick]) -> bool:
    """Whether a message's clickers left an address, an agent, headers or engagement."""
    return bool(timeline.engagements) or any(
        judged.click.ip or judged.click.user_agent or judged.click.headers for judged in clicks
    )


def add_up_domains(domains: Iterable[RecipientDomain], name: str) -> RecipientDomain:
    """The sum of several domains, under another name."""
    total = RecipientDomain(domain=name)
    for row in domains:
        total.accepted += row.accepted
        total.bounced += row.bounced
        total.reported_deliveries += row.reported_deliveries
        total.clicked += row.clicked
        total.clicked_by_people += row.clicked_by_people
        total.clicked_by_people_at_most += row.clicked_by_people_at_most
        total.scanned += row.scanned
        total.has_evidence |= row.has_evidence
        total.bot_names.update(row.bot_names)
    return total
