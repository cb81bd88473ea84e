"""Who plays: those who were seen most with a few others among them, or as many others as of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.population import held_out_scanners, people, rare_behaviour, rare_browsers, rare_networks, scanners
from bench.population.plan import Actor
from bench.population.previews import PREVIEWS

__all__ = ["COMMON", "UNSEEN", "Cast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody who may follow a link, and what may befall a message on its way.

    Attributes:
        name: what it is called in tables.
        at_home: people with a mailbox of their own.
        at_work: people with one of a company.
        scanners: what companies have in front of their mail.
        strays: programs that belong to nobody's mail server.
        previews: programs that show a link's page.
        meetings: share of companies at which many look at a message at the same time.
        greylisted: share of messages that arrive a quarter of an hour late.
        skew_s: seconds by which the clocks of those who tell of deliveries are off, as a standard deviation.
        plain: share of campaigns whose tracking domain has no TLS.
    """

    name: str
    at_home: tuple[Actor, ...]
    at_work: tuple[Actor, ...]
    scanners: tuple[Actor, ...]
    strays: tuple[Actor, ...] = held_out_scanners.STRAYS
    previews: tuple[Actor, ...] = PREVIEWS
    meetings: float
    greylisted: float
    skew_s: float
    plain: float


def _mixed(most: Sequence[Actor], others: Sequence[Actor], *, share: float) -> tuple[Actor, ...]:
    """Both, so that the others have a share of all."""
    return (*_scaled(most, 1 - share), *_scaled(others, share))


def _scaled(actors: Sequence[Actor], share: float) -> Iterator[Actor]:
    total = sum(actor.share for actor in actors)
    return (replace(actor, share=share * actor.share / total) for actor in actors)


_ODD_AT_HOME: Final = (*rare_browsers.AT_HOME, *rare_networks.AT_HOME, *rare_behaviour.AT_HOME)
_ODD_AT_WORK: Final = (*rare_browsers.AT_WORK, *rare_networks.AT_WORK, *rare_behaviour.AT_WORK)

COMMON: Final = Cast(
    name="common",
    at_home=_mixed(people.AT_HOME, _ODD_AT_HOME, share=0.1),
    at_work=_mixed(people.AT_WORK, _ODD_AT_WORK, share=0.1),
    scanners=_mixed(scanners.SCANNERS, held_out_scanners.SCANNERS, share=0.1),
    meetings=0.01,
    greylisted=0.01,
    skew_s=0.5,
    plain=0.05,
)
UNSEEN: Final = Cast(
    name="unseen",
    at_home=_mixed(people.AT_HOME, _ODD_AT_HOME, share=0.5),
    at_work=_mixed(people.AT_WORK, _ODD_AT_WORK, share=0.5),
    scanners=held_out_scanners.SCANNERS,
    meetings=0.06,
    greylisted=0.1,
    skew_s=4,
    plain=0.15,
)
