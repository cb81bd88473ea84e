"""Send campaigns to a population, and record what is told of them, with the truth beside it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.message import Message, generate_campaigns, generate_messages
from bench.population.plan import Actor, ClickerKind, PlannedRequest
from bench.population.rare_behaviour import MEETING_ATTENDEE
from bench.population.recording import record_click, record_delivered, record_engagements, record_sent
from bench.population.scenarios import Scenario
from clicktrail.model.event import AnyEvent

__all__ = ["ClickTruth", "Simulation", "simulate"]

# Assumed: no source has these shares for mail in general.
_READER_SHARE: Final = 0.06
_MEETING_CLICK_SHARE: Final = 0.4
_PREVIEW_SHARE: Final = 0.004
_STRAY_SHARE: Final = 0.0005
_SCANNED_COMPANY_SHARE: Final = 0.35
_SCANNED_MESSAGE_SHARE: Final = 0.9
_LATE_EVENT_SHARE: Final = 0.02
_MAX_LATE_HOURS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickTruth:
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
    kind: ClickerKind
    campaign: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What was recorded, and what was true.

    Attributes:
        events: in the order in which they came in, which is not quite that of time.
        truths: one a click.
    """

    events: tuple[AnyEvent, ...]
    truths: tuple[ClickTruth, ...]


def simulate(scenario: Scenario, *, seed: int, recipient_count: int) -> Simulation:
    """Let everybody follow links; the same arguments give the same world.

    Args:
        scenario: who plays.
        seed: of all draws, and of how far parameters lie off what was published.
        recipient_count: of each of the campaigns.
    """
    events: list[AnyEvent] = []
    facts: list[ClickTruth] = []
    for campaign in generate_campaigns(scenario, seed=seed):
        for message in generate_messages(scenario, campaign, seed=seed, recipient_count=recipient_count):
            events += (record_sent(message), *record_delivered(message))
            for actor, request in _plan_requests(scenario, message, seed=seed):
                followed = record_click(message, request, click_id=f"click-{seed}-{len(facts)}")
                events += (followed, *record_engagements(followed, request.page_activity))
                facts.append(
                    ClickTruth(
                        click_id=followed.id,
                        actor=actor.name if _is_own_request(actor, request) else "machine beside a person",
                        kind=request.kind,
                        campaign=campaign.name,
                        message_id=message.message_id,
                    )
                )
    return Simulation(events=_order_by_arrival(events, PerturbedRandom(seed, "late webhooks")), truths=tuple(facts))


def _plan_requests(scenario: Scenario, message: Message, *, seed: int) -> Iterator[tuple[Actor, PlannedRequest]]:
    for number, actor in enumerate(_pick_actors(scenario, message, seed=seed)):
        luck = PerturbedRandom(seed, f"{message.message_id} {number}")
        for request in actor.plan(message.content, luck):
            yield actor, request


def _pick_actors(scenario: Scenario, message: Message, *, seed: int) -> Iterator[Actor]:
    """Who follows the links of one message."""
    luck, company = PerturbedRandom(seed, f"{message.message_id} actors"), message.content.company
    if company and (scanner := _pick_scanner(scenario, company, seed=seed)) and luck.happens(_SCANNED_MESSAGE_SHARE):
        yield scanner
    if company and _has_meeting(scenario, message, seed=seed) and luck.happens(_MEETING_CLICK_SHARE):
        yield MEETING_ATTENDEE
    elif luck.happens_perturbed("readers", _READER_SHARE):
        yield _pick_actor(scenario.work_actors if company else scenario.home_actors, luck)
    if luck.happens_perturbed("previews", _PREVIEW_SHARE):
        yield _pick_actor(scenario.previews, luck)
    if luck.happens_perturbed("strays", _STRAY_SHARE):
        yield _pick_actor(scenario.stray_scanners, luck)


def _pick_scanner(scenario: Scenario, company: str, *, seed: int) -> Actor | None:
    """What a company has in front of its mail: the same for all of it."""
    luck = PerturbedRandom(seed, f"scanner of {company}")
    return (
        _pick_actor(scenario.scanners, luck)
        if luck.happens_perturbed("scanned companies", _SCANNED_COMPANY_SHARE)
        else None
    )


def _has_meeting(scenario: Scenario, message: Message, *, seed: int) -> bool:
    """Whether a company's people look at a campaign together."""
    return PerturbedRandom(seed, f"meeting of {message.content.company} {message.campaign.name}").happens(
        scenario.meeting_share
    )


def _pick_actor(actors: tuple[Actor, ...], rng: PerturbedRandom) -> Actor:
    return rng.choices(actors, weights=[actor.share for actor in actors])[0]


def _is_own_request(actor: Actor, request: PlannedRequest) -> bool:
    """A machine checks for a person what the person is about to follow."""
    return request.kind is ClickerKind.HUMAN or not actor.name.startswith("person")


def _order_by_arrival(events: Iterable[AnyEvent], rng: PerturbedRandom) -> tuple[AnyEvent, ...]:
    """In the order of time, but for what is told hours late."""
    told = sorted((event.at + _draw_delay(rng), event.id, event) for event in events)
    return tuple(event for _, _, event in told)


def _draw_delay(rng: PerturbedRandom) -> timedelta:
    return timedelta(hours=rng.uniform(0, _MAX_LATE_HOURS)) if rng.happens(_LATE_EVENT_SHARE) else timedelta()
