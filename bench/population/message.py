"""Campaigns and their messages, with recipients and times of sending and delivery."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import MessageContent
from bench.population.scenarios import Scenario

_FIRST_SENT_AT: Final = datetime(2026, 11, 2, 8, tzinfo=UTC)
_CAMPAIGN_COUNT: Final = 4
_COMPANY_COUNT: Final = 60
_SEND_RATES_PER_S: Final = (0.05, 1, 15, 60)
_GREYLISTING_DELAY_S: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Properties that all messages of a campaign share.

    Attributes:
        name: name of the campaign.
        sent_at: time of the first message.
        messages_per_s: sending rate; low for transactional messages.
        link_count: number of visible links.
        has_trap: whether there is also a hidden link.
        uses_https: whether its tracking domain has TLS.
        reports_deliveries: whether the ESP sends delivery events.
        company_share: share of recipients at companies.
        clock_skew: error of the clock in delivery events.
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
        message_id: id of the message.
        campaign: its campaign.
        content: its links and context.
        recipient: email address.
        sent_at: time of sending.
        delivered_at: time of delivery.
        is_bounced: whether the recipient's server refused it at that time.
    """

    message_id: str
    campaign: Campaign
    content: MessageContent
    recipient: str
    sent_at: datetime
    delivered_at: datetime
    is_bounced: bool = False


def generate_campaigns(scenario: Scenario, *, seed: int) -> Iterator[Campaign]:
    """Generate campaigns a day apart: one of each shape; without shapes, one in three has a single link."""
    for number in range(len(scenario.shapes) or _CAMPAIGN_COUNT):
        rng = PerturbedRandom(seed, f"campaign {number}")
        campaign = Campaign(
            name=f"{scenario.name}-{number}",
            sent_at=_FIRST_SENT_AT + timedelta(days=number),
            messages_per_s=rng.choice(_SEND_RATES_PER_S),
            link_count=1 if rng.happens(0.35) else rng.randint(3, 12),
            has_trap=rng.happens(0.3),
            uses_https=not rng.happens(scenario.http_share),
            reports_deliveries=rng.happens(0.6),
            company_share=rng.uniform(0.1, 0.7),
            clock_skew=timedelta(seconds=rng.gauss(0, scenario.clock_skew_s)),
        )
        if scenario.shapes:
            shape = scenario.shapes[number]
            campaign = replace(
                campaign,
                name=f"{scenario.name}-{shape.name}",
                link_count=shape.link_count,
                company_share=shape.company_share,
                has_trap=False,
                reports_deliveries=True,
            )
        yield campaign


def generate_messages(scenario: Scenario, campaign: Campaign, *, seed: int, recipient_count: int) -> Iterator[Message]:
    """Generate a campaign's messages in order of sending. A few companies have many of the recipients."""
    rng = PerturbedRandom(seed, f"list of {campaign.name}")
    sent_at = campaign.sent_at
    for number in range(recipient_count):
        sent_at += timedelta(seconds=rng.expovariate(campaign.messages_per_s))
        greylisting_s = _GREYLISTING_DELAY_S if rng.happens(scenario.greylisted_share) else 0
        company = (
            f"company-{seed}-{int(_COMPANY_COUNT * rng.random() ** 2)}" if rng.happens(campaign.company_share) else ""
        )
        yield Message(
            message_id=f"{campaign.name}-{number}",
            campaign=campaign,
            content=MessageContent(
                campaign=campaign.name, company=company, link_count=campaign.link_count, has_trap=campaign.has_trap
            ),
            recipient=f"reader-{number}@{company or 'letterbox'}.example",
            sent_at=sent_at,
            delivered_at=sent_at + timedelta(seconds=greylisting_s + rng.lognormal(2, 0.8)),
            is_bounced=rng.happens(scenario.bounced_share),
        )
