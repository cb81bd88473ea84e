"""Who plays: those who were seen most, and others beside them."""

from dataclasses import dataclass
from typing import Final

from bench.population.others import AT_HOME as OTHERS_AT_HOME
from bench.population.others import AT_WORK as OTHERS_AT_WORK
from bench.population.others_scanning import SCANNERS as OTHER_SCANNERS
from bench.population.others_scanning import STRAYS
from bench.population.people import AT_HOME, AT_WORK
from bench.population.previews import PREVIEWS
from bench.population.request import Actor
from bench.population.scanners import SCANNERS

__all__ = ["COMMON", "OTHERS", "Cast"]


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
        greylisted: share of messages that arrive a quarter of an hour late.
        skew_s: seconds by which the clocks of those who tell of deliveries are off, as a standard deviation.
    """

    name: str
    at_home: tuple[Actor, ...]
    at_work: tuple[Actor, ...]
    scanners: tuple[Actor, ...]
    strays: tuple[Actor, ...]
    previews: tuple[Actor, ...]
    greylisted: float
    skew_s: float


COMMON: Final = Cast(
    name="common",
    at_home=AT_HOME,
    at_work=AT_WORK,
    scanners=SCANNERS,
    strays=(),
    previews=PREVIEWS,
    greylisted=0.01,
    skew_s=0.5,
)
OTHERS: Final = Cast(
    name="unseen",
    at_home=OTHERS_AT_HOME,
    at_work=OTHERS_AT_WORK,
    scanners=OTHER_SCANNERS,
    strays=STRAYS,
    previews=PREVIEWS,
    greylisted=0.1,
    skew_s=4,
)
