"""Every number that the product shows, defined once.

Counting is done by whoever holds the events (SQL for the console, Python for ``clicktrail audit``); what is counted
and what is made of the counts is defined here.
"""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["CampaignReport", "Clicks", "LinkReport", "ReasonCount", "Unique"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Counted clicks by verdict. HEAD, OPTIONS and prefetches are judged but never in here."""

    human: int = 0
    suspected: int = 0
    bot: int = 0
    preview: int = 0

    @property
    def total(self) -> int:
        """All counted clicks, whoever made them: what an ESP shows as "total clicks"."""
        return self.human + self.suspected + self.bot + self.preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """People with at least one counted click.

    A person is a recipient; where a message went to several and its recipient is unknown, the message.

    Attributes:
        raw: with a click of any verdict: what an ESP shows as "unique clicks".
        human: with at least one human click. A bot that came first does not bury the person.
    """

    raw: int = 0
    human: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReport:
    """One link of a campaign: a destination at a position."""

    position: int
    url: str
    clicks: Clicks
    unique: Unique


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many counted clicks of a campaign that are not human have this signal among their reasons."""

    signal: str
    clicks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """One campaign.

    Attributes:
        campaign: its name; empty for messages sent without one.
        first_sent_at: when its first message left; None if nobody told us.
        accepted: recipients whose message the next hop took.
        bounced: messages that bounced.
        delivered_events: messages of which a delivery was told.
        clicks: counted clicks.
        unique: clickers.
        links: by position; empty in overviews.
        reasons: the most frequent first; empty in overviews.
    """

    campaign: str
    first_sent_at: datetime | None = None
    accepted: int = 0
    bounced: int = 0
    delivered_events: int = 0
    clicks: Clicks = Clicks()
    unique: Unique = Unique()
    links: tuple[LinkReport, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()

    @property
    def delivered(self) -> int:
        """Deliveries as told; where nobody told of any, what was accepted and did not bounce."""
        return self.delivered_events or max(0, self.accepted - self.bounced)

    @property
    def delivered_basis(self) -> str:
        """What ``delivered`` rests on: ``delivered`` or ``accepted``."""
        return "delivered" if self.delivered_events else "accepted"

    @property
    def click_rate_raw(self) -> float:
        """Unique clickers of any verdict ÷ delivered; 0 where nothing was delivered."""
        return _rate(self.unique.raw, self.delivered)

    @property
    def click_rate_human(self) -> float:
        """Unique human clickers ÷ delivered: the click rate."""
        return _rate(self.unique.human, self.delivered)


def _rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
