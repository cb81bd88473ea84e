"""Campaigns and their messages: what is sent to whom, and when it arrives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import MessageContent
from bench.population.scenarios import Scenario

__all__ = ["Campaign", "Message", "generate_campaigns", "generate_messages"]

_FIRST_SENT_AT: Final = datetime(2026, 11, 2, 8, tzinfo=UTC)
_CAMPAIGN_COUNT: Final = 4
_COMPANY_COUNT: Final = 60
_SEND_RATES_PER_S: Final = (0.05, 1, 15, 60)
_GREYLISTING_DELAY_S: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What its messages have in common.

    Attributes:
        name: its label.
        sent_at: when the first message leaves.
        messages_per_s: messages a second; few where each answers something that its recipient did.
        link_count: number of links that are seen.
        has_trap: whether there is a hidden one.
        uses_https: whether its tracking domain has TLS.
        reports_deliveries: whether somebody tells of deliveries.
        company_share: share of recipients at companies.
        clock_skew: of the clock by which deliveries are told.
    """

    name: str
    sent_at: datetime
    messages_per_s: float
    link_count: int
    has_trap: bool
    uses_https: bool
    reports_deliveries: bool
    company_share: float
    clock_skew: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one recipient.

    Attributes:
        message_id: its id.
        campaign: what it belongs to.
        content: what is in it.
        recipient: an address.
        sent_at: when it left.
        delivered_at: when it was delivered.
    """

    message_id: str
    campaign: Campaign
    content: MessageContent
    recipient: str
    sent_at: datetime
    delivered_at: datetime


def generate_campaigns(scenario: Scenario, *, seed: int) -> Iterator[Campaign]:
    """A few, a day apart: one in three has a single link."""
    for number in range(_CAMPAIGN_COUNT):
        luck = PerturbedRandom(seed, f"campaign {number}")
        yield Campaign(
            name=f"{scenario.name}-{number}",
            sent_at=_FIRST_SENT_AT + timedelta(days=number),
            messages_per_s=luck.choice(_SEND_RATES_PER_S),
            link_count=1 if luck.happens(0.35) else luck.randint(3, 12),
            has_trap=luck.happens(0.3),
            uses_https=not luck.happens(scenario.http_share),
            reports_deliveries=luck.happens(0.6),
            company_share=luck.uniform(0.1, 0.7),
            clock_skew=timedelta(seconds=luck.gauss(0, scenario.clock_skew_s)),
        )


def generate_messages(scenario: Scenario, campaign: Campaign, *, seed: int, recipient_count: int) -> Iterator[Message]:
    """A campaign's, in the order in which they leave. A few companies have many of the recipients."""
    luck = PerturbedRandom(seed, f"list of {campaign.name}")
    sent_at = campaign.sent_at
    for number in range(recipient_count):
        sent_at += timedelta(seconds=luck.expovariate(campaign.messages_per_s))
        late_s = _GREYLISTING_DELAY_S if luck.happens(scenario.greylisted_share) else 0
        company = (
            f"company-{seed}-{int(_COMPANY_COUNT * luck.random() ** 2)}" if luck.happens(campaign.company_share) else ""
        )
        yield Message(
            message_id=f"{campaign.name}-{number}",
            campaign=campaign,
            content=MessageContent(
                campaign=campaign.name, company=company, link_count=campaign.link_count, has_trap=campaign.has_trap
            ),
            recipient=f"reader-{number}@{company or 'letterbox'}.example",
            sent_at=sent_at,
            delivered_at=sent_at + timedelta(seconds=late_s + luck.lognormal(2, 0.8)),
        )
