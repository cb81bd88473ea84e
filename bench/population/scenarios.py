"""Who plays: those who were seen most with a few others among them, or as many others as of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.population import held_out_scanners, people, rare_behaviour, rare_browsers, rare_networks, scanners
from bench.population.plan import Actor
from bench.population.previews import PREVIEWS

__all__ = ["COMMON", "UNSEEN", "Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everybody who may follow a link, and what may befall a message on its way.

    Attributes:
        name: what it is called in tables.
        home_actors: people with a mailbox of their own.
        work_actors: people with one of a company.
        scanners: what companies have in front of their mail.
        stray_scanners: programs that belong to nobody's mail server.
        previews: programs that show a link's page.
        meeting_share: share of companies at which many look at a message at the same time.
        greylisted_share: share of messages that arrive a quarter of an hour late.
        clock_skew_s: seconds by which the clocks of those who tell of deliveries are off, as a standard deviation.
        http_share: share of campaigns whose tracking domain has no TLS.
    """

    name: str
    home_actors: tuple[Actor, ...]
    work_actors: tuple[Actor, ...]
    scanners: tuple[Actor, ...]
    stray_scanners: tuple[Actor, ...] = held_out_scanners.STRAY_SCANNERS
    previews: tuple[Actor, ...] = PREVIEWS
    meeting_share: float
    greylisted_share: float
    clock_skew_s: float
    http_share: float


def _mix_actors(most: Sequence[Actor], others: Sequence[Actor], *, share: float) -> tuple[Actor, ...]:
    """Both, so that the others have a share of all."""
    return (*_scale_shares(most, 1 - share), *_scale_shares(others, share))


def _scale_shares(actors: Sequence[Actor], share: float) -> Iterator[Actor]:
    total = sum(actor.share for actor in actors)
    return (replace(actor, share=share * actor.share / total) for actor in actors)


_RARE_HOME_ACTORS: Final = (*rare_browsers.HOME_ACTORS, *rare_networks.HOME_ACTORS, *rare_behaviour.HOME_ACTORS)
_RARE_WORK_ACTORS: Final = (*rare_browsers.WORK_ACTORS, *rare_networks.WORK_ACTORS, *rare_behaviour.WORK_ACTORS)

COMMON: Final = Scenario(
    name="common",
    home_actors=_mix_actors(people.HOME_ACTORS, _RARE_HOME_ACTORS, share=0.1),
    work_actors=_mix_actors(people.WORK_ACTORS, _RARE_WORK_ACTORS, share=0.1),
    scanners=_mix_actors(scanners.SCANNERS, held_out_scanners.SCANNERS, share=0.1),
    meeting_share=0.01,
    greylisted_share=0.01,
    clock_skew_s=0.5,
    http_share=0.05,
)
UNSEEN: Final = Scenario(
    name="unseen",
    home_actors=_mix_actors(people.HOME_ACTORS, _RARE_HOME_ACTORS, share=0.5),
    work_actors=_mix_actors(people.WORK_ACTORS, _RARE_WORK_ACTORS, share=0.5),
    scanners=held_out_scanners.SCANNERS,
    meeting_share=0.06,
    greylisted_share=0.1,
    clock_skew_s=4,
    http_share=0.15,
)
