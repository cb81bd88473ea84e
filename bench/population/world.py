"""Simulate campaigns to a population: the recorded events, and the ground truth of each click."""

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

# Assumed: no source has these shares for mail in general.
_READER_SHARE: Final = 0.06
_MEETING_CLICK_SHARE: Final = 0.4
_PREVIEW_SHARE: Final = 0.004
_SCANNED_MESSAGE_SHARE: Final = 0.9
_LATE_EVENT_SHARE: Final = 0.02
_MAX_LATE_HOURS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickTruth:
    """Ground truth of one click.

    Attributes:
        click_id: id of the click.
        actor: name of the actor.
        kind: kind of clicker.
        campaign: true campaign, also if the token was tampered with.
        message_id: true message id.
    """

    click_id: str
    actor: str
    kind: ClickerKind
    campaign: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Events and ground truth of a simulation.

    Attributes:
        events: all events in order of arrival; some arrive hours late.
        truths: one for each click.
    """

    events: tuple[AnyEvent, ...]
    truths: tuple[ClickTruth, ...]


def simulate(scenario: Scenario, *, seed: int, recipient_count: int) -> Simulation:
    """Simulate all campaigns of a scenario; the same arguments give the same result.

    Args:
        scenario: the population.
        seed: random seed of all draws and of the deviations of parameters.
        recipient_count: number of recipients of each campaign.
    """
    events: list[AnyEvent] = []
    truths: list[ClickTruth] = []
    for campaign in generate_campaigns(scenario, seed=seed):
        for message in generate_messages(scenario, campaign, seed=seed, recipient_count=recipient_count):
            events += (record_sent(message), *record_delivered(message))
            for actor, request in _plan_requests(scenario, message, seed=seed):
                click = record_click(message, request, click_id=f"click-{seed}-{len(truths)}")
                events += (click, *record_engagements(click, request.page_activity))
                truths.append(
                    ClickTruth(
                        click_id=click.id,
                        actor=actor.name if _is_own_request(actor, request) else "program of a person",
                        kind=request.kind,
                        campaign=campaign.name,
                        message_id=message.message_id,
                    )
                )
    return Simulation(events=_order_by_arrival(events, PerturbedRandom(seed, "late webhooks")), truths=tuple(truths))


def _plan_requests(scenario: Scenario, message: Message, *, seed: int) -> Iterator[tuple[Actor, PlannedRequest]]:
    for number, actor in enumerate(_pick_actors(scenario, message, seed=seed)):
        rng = PerturbedRandom(seed, f"{message.message_id} {number}")
        for request in actor.plan(message.content, rng):
            yield actor, request


def _pick_actors(scenario: Scenario, message: Message, *, seed: int) -> Iterator[Actor]:
    rng, company = PerturbedRandom(seed, f"{message.message_id} actors"), message.content.company
    if company and (scanner := _pick_scanner(scenario, company, seed=seed)) and rng.happens(_SCANNED_MESSAGE_SHARE):
        yield scanner
    if message.is_bounced:
        return
    if company and _has_meeting(scenario, message, seed=seed) and rng.happens(_MEETING_CLICK_SHARE):
        yield MEETING_ATTENDEE
    elif rng.happens_perturbed("readers", _READER_SHARE):
        yield _pick_actor(scenario.work_actors if company else scenario.home_actors, rng)
    if rng.happens_perturbed("previews", _PREVIEW_SHARE):
        yield _pick_actor(scenario.previews, rng)
    if rng.happens_perturbed("strays", scenario.stray_share):
        yield _pick_actor(scenario.stray_scanners, rng)


def _pick_scanner(scenario: Scenario, company: str, *, seed: int) -> Actor | None:
    # A company has the same scanner for all its mail.
    rng = PerturbedRandom(seed, f"scanner of {company}")
    return (
        _pick_actor(scenario.scanners, rng)
        if rng.happens_perturbed("scanned companies", scenario.scanned_company_share)
        else None
    )


def _has_meeting(scenario: Scenario, message: Message, *, seed: int) -> bool:
    return PerturbedRandom(seed, f"meeting of {message.content.company} {message.campaign.name}").happens(
        scenario.meeting_share
    )


def _pick_actor(actors: tuple[Actor, ...], rng: PerturbedRandom) -> Actor:
    return rng.choices(actors, weights=[actor.share for actor in actors])[0]


def _is_own_request(actor: Actor, request: PlannedRequest) -> bool:
    # Some people's programs, such as Safe Links, also request the links that the person follows.
    return request.kind is ClickerKind.HUMAN or not actor.name.startswith("person")


def _order_by_arrival(events: Iterable[AnyEvent], rng: PerturbedRandom) -> tuple[AnyEvent, ...]:
    arrivals = sorted((event.at + _draw_delay(rng), event.id, event) for event in events)
    return tuple(event for _, _, event in arrivals)


def _draw_delay(rng: PerturbedRandom) -> timedelta:
    return timedelta(hours=rng.uniform(0, _MAX_LATE_HOURS)) if rng.happens(_LATE_EVENT_SHARE) else timedelta()
