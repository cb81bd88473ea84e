"""What an ESP's export contains of a simulation: no headers, whole seconds, no link positions, no landing page."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from bench.population.world import Simulation
from clicktrail.model.event import AnyEvent, Bounced, Click, Delivered

_ESP: Final = "sendgrid"


def record_as_esp(simulation: Simulation) -> Simulation:
    """The events that an ESP reports of the same clicks; it reports neither HEAD requests nor damaged links."""
    events = tuple(_convert_events(simulation.events))
    click_ids = {event.id for event in events if isinstance(event, Click)}
    return Simulation(events=events, truths=tuple(filter(lambda truth: truth.click_id in click_ids, simulation.truths)))


def _convert_events(events: tuple[AnyEvent, ...]) -> Iterator[AnyEvent]:
    for event in events:
        at = event.at.replace(microsecond=0)
        if isinstance(event, Delivered | Bounced):
            yield replace(event, at=at, esp=_ESP, source=_ESP)
        elif isinstance(event, Click) and event.method == "GET" and not event.tampered:
            yield replace(
                event, at=at, esp=_ESP, source=_ESP, headers={}, https=False, link=-1, trap=False, http_version="1.1"
            )
