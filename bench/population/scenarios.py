"""The two simulated populations: mostly common actors, or mostly rare ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.population import held_out_scanners, people, rare_behaviour, rare_browsers, rare_networks, scanners
from bench.population.plan import Actor
from bench.population.previews import PREVIEWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Actors and conditions of delivery.

    Attributes:
        name: name of the population.
        home_actors: people with private mailboxes.
        work_actors: people with company mailboxes.
        scanners: scanners of companies' mail servers.
        stray_scanners: scanners that belong to no mail server.
        previews: programs that show a preview of a link.
        meeting_share: share of companies, for each campaign, where many people click at the same time.
        greylisted_share: share of messages that are delivered 15 minutes late.
        clock_skew_s: standard deviation of the clock error in delivery events.
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


def _mix_actors(common: Sequence[Actor], rare: Sequence[Actor], *, rare_share: float) -> tuple[Actor, ...]:
    return (*_scale_shares(common, 1 - rare_share), *_scale_shares(rare, rare_share))


def _scale_shares(actors: Sequence[Actor], total_share: float) -> Iterator[Actor]:
    total = sum(actor.share for actor in actors)
    return (replace(actor, share=total_share * actor.share / total) for actor in actors)


_RARE_HOME_ACTORS: Final = (*rare_browsers.HOME_ACTORS, *rare_networks.HOME_ACTORS, *rare_behaviour.HOME_ACTORS)
_RARE_WORK_ACTORS: Final = (*rare_browsers.WORK_ACTORS, *rare_networks.WORK_ACTORS, *rare_behaviour.WORK_ACTORS)

COMMON: Final = Scenario(
    name="common",
    home_actors=_mix_actors(people.HOME_ACTORS, _RARE_HOME_ACTORS, rare_share=0.1),
    work_actors=_mix_actors(people.WORK_ACTORS, _RARE_WORK_ACTORS, rare_share=0.1),
    scanners=_mix_actors(scanners.SCANNERS, held_out_scanners.SCANNERS, rare_share=0.1),
    meeting_share=0.01,
    greylisted_share=0.01,
    clock_skew_s=0.5,
    http_share=0.05,
)
UNSEEN: Final = Scenario(
    name="unseen",
    home_actors=_mix_actors(people.HOME_ACTORS, _RARE_HOME_ACTORS, rare_share=0.5),
    work_actors=_mix_actors(people.WORK_ACTORS, _RARE_WORK_ACTORS, rare_share=0.5),
    scanners=held_out_scanners.SCANNERS,
    meeting_share=0.06,
    greylisted_share=0.1,
    clock_skew_s=4,
    http_share=0.15,
)
