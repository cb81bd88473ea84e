"""Send campaigns to a population, and record what is told of them, with the truth beside it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bench.population.draws import Luck
from bench.population.message import Message, campaigns, messages
from bench.population.plan import Actor, Kind, Request
from bench.population.rare_behaviour import AT_ONCE
from bench.population.recording import click, delivered, engagements, sent
from bench.population.scenarios import Cast
from clicktrail.model.event import AnyEvent

__all__ = ["Fact", "World", "simulate"]

# Assumed: no source has these shares for mail in general.
_READERS: Final = 0.06
_AT_THE_MEETING: Final = 0.4
_PREVIEWED: Final = 0.004
_STRAY: Final = 0.0005
_SCANNED_COMPANIES: Final = 0.35
_SCANNED: Final = 0.9
_LATE: Final = 0.02
_LATEST_H: Final = 6


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
        events: in the order in which they came in, which is not quite that of time.
        facts: one a click.
    """

    events: tuple[AnyEvent, ...]
    facts: tuple[Fact, ...]


def simulate(cast: Cast, *, seed: int, recipients: int) -> World:
    """Let everybody follow links; the same arguments give the same world.

    Args:
        cast: who plays.
        seed: of all draws, and of how far parameters lie off what was published.
        recipients: of each of the campaigns.
    """
    events: list[AnyEvent] = []
    facts: list[Fact] = []
    for campaign in campaigns(cast, seed=seed):
        for message in messages(cast, campaign, seed=seed, recipients=recipients):
            events += (sent(message), *delivered(message))
            for actor, request in _requests(cast, message, seed=seed):
                followed = click(message, request, click_id=f"click-{seed}-{len(facts)}")
                events += (followed, *engagements(followed, request.page))
                facts.append(
                    Fact(
                        click_id=followed.id,
                        actor=actor.name if _is_own(actor, request) else "machine beside a person",
                        kind=request.kind,
                        campaign=campaign.name,
                        message_id=message.message_id,
                    )
                )
    return World(events=_as_told(events, Luck(seed, "late webhooks")), facts=tuple(facts))


def _requests(cast: Cast, message: Message, *, seed: int) -> Iterator[tuple[Actor, Request]]:
    for number, actor in enumerate(_actors(cast, message, seed=seed)):
        luck = Luck(seed, f"{message.message_id} {number}")
        for request in actor.plan(message.letter, luck):
            yield actor, request


def _actors(cast: Cast, message: Message, *, seed: int) -> Iterator[Actor]:
    """Who follows the links of one message."""
    luck, company = Luck(seed, f"{message.message_id} actors"), message.letter.company
    if company and (scanner := _scanner(cast, company, seed=seed)) and luck.happens(_SCANNED):
        yield scanner
    if company and _meets(cast, message, seed=seed) and luck.happens(_AT_THE_MEETING):
        yield AT_ONCE
    elif luck.often("readers", _READERS):
        yield _one_of(cast.at_work if company else cast.at_home, luck)
    if luck.often("previews", _PREVIEWED):
        yield _one_of(cast.previews, luck)
    if luck.often("strays", _STRAY):
        yield _one_of(cast.strays, luck)


def _scanner(cast: Cast, company: str, *, seed: int) -> Actor | None:
    """What a company has in front of its mail: the same for all of it."""
    luck = Luck(seed, f"scanner of {company}")
    return _one_of(cast.scanners, luck) if luck.often("scanned companies", _SCANNED_COMPANIES) else None


def _meets(cast: Cast, message: Message, *, seed: int) -> bool:
    """Whether a company's people look at a campaign together."""
    return Luck(seed, f"meeting of {message.letter.company} {message.campaign.name}").happens(cast.meetings)


def _one_of(actors: tuple[Actor, ...], luck: Luck) -> Actor:
    return luck.choices(actors, weights=[actor.share for actor in actors])[0]


def _is_own(actor: Actor, request: Request) -> bool:
    """A machine checks for a person what the person is about to follow."""
    return request.kind is Kind.HUMAN or not actor.name.startswith("person")


def _as_told(events: Iterable[AnyEvent], luck: Luck) -> tuple[AnyEvent, ...]:
    """In the order of time, but for what is told hours late."""
    told = sorted((event.at + _delay(luck), event.id, event) for event in events)
    return tuple(event for _, _, event in told)


def _delay(luck: Luck) -> timedelta:
    return timedelta(hours=luck.uniform(0, _LATEST_H)) if luck.happens(_LATE) else timedelta()
