"""Campaigns and their messages: what is sent to whom, and when it arrives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.population.draws import Luck
from bench.population.plan import Letter
from bench.population.scenarios import Cast

__all__ = ["Campaign", "Message", "campaigns", "messages"]

_FIRST_AT: Final = datetime(2026, 11, 2, 8, tzinfo=UTC)
_CAMPAIGNS: Final = 4
_COMPANIES: Final = 60
_PACES: Final = (0.05, 1, 15, 60)
_GREYLISTED_S: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What its messages have in common.

    Attributes:
        name: its label.
        sent_at: when the first message leaves.
        pace: messages a second; few where each answers something that its recipient did.
        links: number of links that are seen.
        trap: whether there is a hidden one.
        https: whether its tracking domain has TLS.
        tells_deliveries: whether somebody tells of deliveries.
        workers: share of recipients at companies.
        skew: of the clock by which deliveries are told.
    """

    name: str
    sent_at: datetime
    pace: float
    links: int
    trap: bool
    https: bool
    tells_deliveries: bool
    workers: float
    skew: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one recipient.

    Attributes:
        message_id: its id.
        campaign: what it belongs to.
        letter: what is in it.
        recipient: an address.
        sent_at: when it left.
        arrived_at: when it was delivered.
    """

    message_id: str
    campaign: Campaign
    letter: Letter
    recipient: str
    sent_at: datetime
    arrived_at: datetime


def campaigns(cast: Cast, *, seed: int) -> Iterator[Campaign]:
    """A few, a day apart: one in three has a single link."""
    for number in range(_CAMPAIGNS):
        luck = Luck(seed, f"campaign {number}")
        yield Campaign(
            name=f"{cast.name}-{number}",
            sent_at=_FIRST_AT + timedelta(days=number),
            pace=luck.choice(_PACES),
            links=1 if luck.happens(0.35) else luck.randint(3, 12),
            trap=luck.happens(0.3),
            https=not luck.happens(cast.plain),
            tells_deliveries=luck.happens(0.6),
            workers=luck.uniform(0.1, 0.7),
            skew=timedelta(seconds=luck.gauss(0, cast.skew_s)),
        )


def messages(cast: Cast, campaign: Campaign, *, seed: int, recipients: int) -> Iterator[Message]:
    """A campaign's, in the order in which they leave. A few companies have many of the recipients."""
    luck = Luck(seed, f"list of {campaign.name}")
    sent_at = campaign.sent_at
    for number in range(recipients):
        sent_at += timedelta(seconds=luck.expovariate(campaign.pace))
        late_s = _GREYLISTED_S if luck.happens(cast.greylisted) else 0
        company = f"company-{seed}-{int(_COMPANIES * luck.random() ** 2)}" if luck.happens(campaign.workers) else ""
        yield Message(
            message_id=f"{campaign.name}-{number}",
            campaign=campaign,
            letter=Letter(campaign=campaign.name, company=company, links=campaign.links, trap=campaign.trap),
            recipient=f"reader-{number}@{company or 'letterbox'}.example",
            sent_at=sent_at,
            arrived_at=sent_at + timedelta(seconds=late_s + luck.lognormal(2, 0.8)),
        )
