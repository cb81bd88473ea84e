"""Who is on the mailing list, and who else reads along."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from clicktrail.demo.population import scanners
from clicktrail.demo.population.draws import Chance
from clicktrail.demo.population.people import AT_HOME, AT_WORK
from clicktrail.demo.population.plan import Actor, Request
from clicktrail.demo.population.previews import PREVIEWS
from clicktrail.demo.population.received import Letter

__all__ = ["Crowd", "Reader"]

_PEOPLE: Final = 0.06
_PREVIEWED: Final = 0.016
_STRAY: Final = 0.004

# fmt: off
_NAMES: Final = (
    "Ada", "Bram", "Carla", "Dilan", "Edith", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Lena", "Milo",
    "Nora", "Oskar", "Petra", "Quinn", "Rosa", "Samir", "Tilda", "Ugo", "Vera", "Wim", "Xenia", "Yusuf", "Zoe",
)
_SURNAMES: Final = (
    "Ashby", "Brandt", "Castell", "Dahl", "Elkin", "Fischer", "Grange", "Holt", "Ivers", "Jansen", "Keller", "Lund",
    "Marsh", "Novak", "Okafor", "Pell", "Quist", "Reyes", "Sato", "Thorne", "Ulrich", "Vance", "Wilder", "Young",
)
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class _Domain:
    """Mailboxes under one domain.

    Attributes:
        name: the domain; ``.example`` belongs to nobody (RFC 2606 section 3).
        percent: its share of the list.
        gateway: what follows links in all of its mail.
        at_work: a company's.
    """

    name: str
    percent: int
    gateway: Actor | None = None
    at_work: bool = True


_DOMAINS: Final = (
    _Domain(name="letterbox.example", percent=28, at_work=False),
    _Domain(name="postbag.example", percent=22, at_work=False),
    _Domain(name="farview.example", percent=6, at_work=False, gateway=scanners.DEFENDER_BURST),
    _Domain(name="hallam-joinery.example", percent=9),
    _Domain(name="north-quay.example", percent=8),
    _Domain(name="belmont-school.example", percent=4, gateway=scanners.DEFENDER_BURST),
    _Domain(name="arden-law.example", percent=3, gateway=scanners.DEFENDER_FIRST),
    _Domain(name="calder-freight.example", percent=3, gateway=scanners.BARRACUDA_FIRST),
    _Domain(name="mere-and-sons.example", percent=2, gateway=scanners.BARRACUDA_ALL),
    _Domain(name="stonebridge-bank.example", percent=4, gateway=scanners.PROOFPOINT),
    _Domain(name="lowther-clinic.example", percent=3, gateway=scanners.MIMECAST),
    _Domain(name="penhale-council.example", percent=2, gateway=scanners.CISCO),
    _Domain(name="tarn-insurance.example", percent=2, gateway=scanners.TREND_MICRO),
    _Domain(name="wexcombe-works.example", percent=2, gateway=scanners.GATEWAY_SWEEP),
    _Domain(name="ridge-college.example", percent=1, gateway=scanners.HEAD_CHECKER),
    _Domain(name="oakhurst-labs.example", percent=1, gateway=scanners.LIBRARY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One entry of the mailing list."""

    address: str
    first_name: str


class Crowd:
    """A mailing list with everyone who follows its links; the same seed gives the same crowd.

    Attributes:
        readers: the mailing list.
    """

    def __init__(self, *, seed: int, size: int, window: float) -> None:
        """Draw a crowd.

        Args:
            seed: of all draws.
            size: entries of the mailing list, at most 2,000.
            window: seconds after delivery in which everything happens, at least 15.
        """
        self._seed = seed
        self._window = window
        self._actors: dict[str, list[Actor]] = {}
        rng = Random(f"crowd {seed}")
        residents = [(reader, domain) for domain in _DOMAINS for reader in _residents(domain, size, rng)]
        self.readers = tuple(reader for reader, _ in residents)
        self._cast(residents, rng)

    @property
    def actors(self) -> Mapping[str, tuple[str, ...]]:
        """Names of those who follow the links of each address; an address that nobody clicks for is not in it."""
        return {address: tuple(actor.name for actor in actors) for address, actors in self._actors.items()}

    def plan(self, letter: Letter) -> Iterator[tuple[Actor, Request]]:
        """What happens to one letter, in no order."""
        for number, actor in enumerate(self._actors.get(letter.recipient, ())):
            chance = Chance(f"{self._seed} {letter.recipient} {number}", window=self._window)
            for request in actor.plan(letter, chance):
                yield actor, request

    def _cast(self, residents: list[tuple[Reader, _Domain]], rng: Random) -> None:
        for reader, domain in residents:
            if domain.gateway:
                self._add(reader, domain.gateway)
        people = rng.sample(residents, round(_PEOPLE * len(residents)))
        for at_work, kinds in ((False, AT_HOME), (True, AT_WORK)):
            here = [reader for reader, domain in people if domain.at_work is at_work]
            for number, reader in enumerate(here):
                self._add(reader, kinds[number % len(kinds)])
        for number, (reader, _) in enumerate(rng.sample(residents, round(_PREVIEWED * len(residents)))):
            self._add(reader, PREVIEWS[number % len(PREVIEWS)])
        quiet = [reader for reader, _ in residents if reader.address not in self._actors]
        for reader in rng.sample(quiet, round(_STRAY * len(residents))):
            self._add(reader, scanners.RESIDENTIAL)

    def _add(self, reader: Reader, actor: Actor) -> None:
        self._actors.setdefault(reader.address, []).append(actor)


def _residents(domain: _Domain, size: int, rng: Random) -> Iterator[Reader]:
    """The domain's share of the list."""
    couples = [(name, surname) for name in _NAMES for surname in _SURNAMES]
    for name, surname in rng.sample(couples, round(domain.percent * size / 100)):
        yield Reader(address=f"{name}.{surname}@{domain.name}".lower(), first_name=name)
