"""Send campaigns to a population, and record what the edge would, with the truth beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from bench.population.cast import Cast
from bench.population.luck import Luck
from bench.population.request import Actor, Kind, Letter, Page, Request
from clicktrail.model.event import AnyEvent, Click, Delivered, Engagement, Sent

__all__ = ["Fact", "World", "simulate"]

_FIRST_AT: Final = datetime(2026, 11, 2, 8, tzinfo=UTC)
_CAMPAIGNS: Final = 4
_COMPANIES: Final = 60
_READERS: Final = 0.06
_PREVIEWED: Final = 0.004
_STRAY: Final = 0.002
_GREYLISTED_S: Final = 900
_KEPT_HEADERS: Final = (
    "accept",
    "accept-encoding",
    "accept-language",
    "dnt",
    "purpose",
    "referer",
    "x-purpose",
    "x-moz",
)
"""And all that begin with ``sec-``: those that the edge keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The truth about one click.

    Attributes:
        click_id: whose.
        actor: who made it.
        kind: what that is.
        campaign: what it belongs to in truth, whatever its token says.
        message_id: likewise.
    """

    click_id: str
    actor: str
    kind: Kind
    campaign: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was recorded, and what was true.

    Attributes:
        events: in the order in which they came in, which is not that of time.
        facts: one a click.
    """

    events: tuple[AnyEvent, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    number: int
    letter: Letter
    recipient: str
    sent_at: datetime
    arrived_at: datetime

    @property
    def message_id(self) -> str:
        return f"{self.letter.campaign}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Campaign:
    """What the messages of a campaign have in common.

    Attributes:
        name: its label.
        sent_at: when the first message leaves.
        links: number of links that are seen.
        trap: whether there is a hidden one.
        tells_deliveries: whether somebody tells of deliveries.
        workers: share of recipients at companies.
        skew: of the clock by which deliveries are told.
    """

    name: str
    sent_at: datetime
    links: int
    trap: bool
    tells_deliveries: bool
    workers: float
    skew: timedelta


def simulate(cast: Cast, *, seed: int, recipients: int) -> World:
    """Let everybody follow links; the same arguments give the same world.

    Args:
        cast: who plays.
        seed: of all draws, and of how far parameters lie off what was published.
        recipients: of each of the campaigns.
    """
    events: list[tuple[datetime, AnyEvent]] = []
    facts: list[Fact] = []
    for number in range(_CAMPAIGNS):
        campaign = _campaign(cast, Luck(seed, f"campaign {number}"), number)
        for message in _messages(cast, campaign, seed=seed, recipients=recipients):
            events += _mail(message, campaign)
            for actor, request in _requests(cast, message, seed=seed):
                click = _click(message, request, click_id=f"click-{len(facts)}")
                facts.append(_fact(message, actor, request, click))
                events.append((click.at, click))
                events += ((event.at, event) for event in _engagements(click, request))
    luck = Luck(seed, "late webhooks")
    events = [(at + timedelta(hours=luck.random() * 6) if luck.happens(0.02) else at, event) for at, event in events]
    return World(
        events=tuple(event for _, event in sorted(events, key=lambda told: (told[0], told[1].id))), facts=tuple(facts)
    )


def _campaign(cast: Cast, luck: Luck, number: int) -> _Campaign:
    return _Campaign(
        name=f"{cast.name}-{number}",
        sent_at=_FIRST_AT + timedelta(days=number),
        links=1 if luck.happens(0.35) else luck.randint(3, 12),
        trap=luck.happens(0.3),
        tells_deliveries=luck.happens(0.6),
        workers=luck.uniform(0.1, 0.7),
        skew=timedelta(seconds=luck.gauss(0, cast.skew_s)),
    )


def _messages(cast: Cast, campaign: _Campaign, *, seed: int, recipients: int) -> Iterator[_Message]:
    luck = Luck(seed, f"list of {campaign.name}")
    sent_at = campaign.sent_at
    for number in range(recipients):
        sent_at += timedelta(seconds=luck.expovariate(15))
        late = _GREYLISTED_S if luck.happens(cast.greylisted) else 0
        company = f"company-{seed}-{int(_COMPANIES * luck.random() ** 2)}" if luck.happens(campaign.workers) else ""
        yield _Message(
            number=number,
            letter=Letter(campaign=campaign.name, company=company, links=campaign.links, trap=campaign.trap),
            recipient=f"reader-{number}@{company or 'letterbox'}.example",
            sent_at=sent_at,
            arrived_at=sent_at + timedelta(seconds=late + luck.lognormal(2, 0.8)),
        )


def _requests(cast: Cast, message: _Message, *, seed: int) -> Iterator[tuple[Actor, Request]]:
    for number, actor in enumerate(_actors(cast, message, seed=seed)):
        luck = Luck(seed, f"{message.message_id} {number}")
        for request in actor.plan(message.letter, luck):
            yield actor, request


def _actors(cast: Cast, message: _Message, *, seed: int) -> Iterator[Actor]:
    """Who follows the links of one message."""
    luck, company = Luck(seed, f"{message.message_id} actors"), message.letter.company
    if company and (scanner := _scanner(cast, company, seed=seed)) and luck.happens(0.9):
        yield scanner
    if luck.often("readers", _READERS):
        yield _one_of(cast.at_work if company else cast.at_home, luck)
    if luck.often("previews", _PREVIEWED):
        yield _one_of(cast.previews, luck)
    if cast.strays and luck.often("strays", _STRAY):
        yield _one_of(cast.strays, luck)


def _scanner(cast: Cast, company: str, *, seed: int) -> Actor | None:
    """What a company has in front of its mail: the same for all of it."""
    luck = Luck(seed, f"scanner of {company}")
    return _one_of(cast.scanners, luck) if luck.often("scanned companies", 0.35) else None


def _one_of(actors: tuple[Actor, ...], luck: Luck) -> Actor:
    return luck.choices(actors, weights=[actor.share for actor in actors])[0]


def _mail(message: _Message, campaign: _Campaign) -> Iterator[tuple[datetime, AnyEvent]]:
    """What is told of the message itself: by the relay, and by an ESP whose clock shows full seconds."""
    name = message.message_id
    yield (
        message.sent_at,
        Sent(
            id=f"sent-{name}",
            at=message.sent_at,
            campaign=campaign.name,
            message_id=name,
            recipient=message.recipient,
            links=campaign.links + campaign.trap,
        ),
    )
    if campaign.tells_deliveries:
        yield (
            message.arrived_at,
            Delivered(
                id=f"delivered-{name}",
                at=(message.arrived_at + campaign.skew).replace(microsecond=0),
                campaign=campaign.name,
                message_id=name,
                recipient=message.recipient,
            ),
        )


def _click(message: _Message, request: Request, *, click_id: str) -> Click:
    """As the edge records it: a damaged token names nobody."""
    headers = request.headers
    at = max(message.sent_at, message.arrived_at + timedelta(seconds=request.at))
    click = Click(
        id=click_id,
        at=at,
        method=request.method,
        ip=request.ip,
        user_agent=headers.get("user-agent", ""),
        headers={name: value for name, value in headers.items() if name in _KEPT_HEADERS or name.startswith("sec-")},
        https=True,
        http_version="1.1",
    )
    if request.damaged:
        return replace(click, url=f"{message.message_id}%27/", tampered=True)
    return replace(
        click,
        campaign=message.letter.campaign,
        message_id=message.message_id,
        recipient=message.recipient,
        link=request.link,
        url=f"https://shop.example/{message.letter.campaign}/{request.link}",
        trap=request.link >= message.letter.links,
    )


def _engagements(click: Click, request: Request) -> Iterator[Engagement]:
    """What a landing page with our script tells."""
    kinds = {Page.UNSEEN: (), Page.LOADED: ("loaded",), Page.ENGAGED: ("loaded", "engaged")}[request.page]
    for kind, after_s in zip(kinds, (1, 9), strict=False):
        yield Engagement(
            id=f"{click.id}-{kind}",
            at=click.at + timedelta(seconds=after_s),
            campaign=click.campaign,
            message_id=click.message_id,
            recipient=click.recipient,
            click_id=click.id,
            kind=kind,
            dwell_ms=after_s * 1_000,
        )


def _fact(message: _Message, actor: Actor, request: Request, click: Click) -> Fact:
    return Fact(
        click_id=click.id,
        actor=actor.name if request.kind is Kind.HUMAN or not actor.name.startswith("person") else "Safe Links twin",
        kind=request.kind,
        campaign=message.letter.campaign,
        message_id=message.message_id,
    )
