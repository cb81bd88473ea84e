"""Who is on the mailing list, and who else reads along."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from clicktrail.demo.population import scanners
from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.people import HOME_ACTORS, WORK_ACTORS
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.previews import PREVIEWS
from clicktrail.demo.population.received import MessageLinks

__all__ = ["Population", "Recipient"]

_CLICKER_SHARE: Final = 0.06
_PREVIEW_SHARE: Final = 0.016
_STRAY_SCANNER_SHARE: Final = 0.004

# fmt: off
_FIRST_NAMES: Final = (
    "Ada", "Bram", "Carla", "Dilan", "Edith", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Lena", "Milo",
    "Nora", "Oskar", "Petra", "Quinn", "Rosa", "Samir", "Tilda", "Ugo", "Vera", "Wim", "Xenia", "Yusuf", "Zoe",
)
_SURNAMES: Final = (
    "Ashby", "Brandt", "Castell", "Dahl", "Elkin", "Fischer", "Grange", "Holt", "Ivers", "Jansen", "Keller", "Lund",
    "Marsh", "Novak", "Okafor", "Pell", "Quist", "Reyes", "Sato", "Thorne", "Ulrich", "Vance", "Wilder", "Young",
)
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class _MailDomain:
    """Mailboxes under one domain.

    Attributes:
        name: the domain; ``.example`` belongs to nobody (RFC 2606 section 3).
        percent: its share of the list.
        scanner: what follows links in all of its mail.
        is_company: a company's.
    """

    name: str
    percent: int
    scanner: Actor | None = None
    is_company: bool = True


_DOMAINS: Final = (
    _MailDomain(name="letterbox.example", percent=28, is_company=False),
    _MailDomain(name="postbag.example", percent=22, is_company=False),
    _MailDomain(name="farview.example", percent=6, is_company=False, scanner=scanners.DEFENDER_BURST),
    _MailDomain(name="hallam-joinery.example", percent=9),
    _MailDomain(name="north-quay.example", percent=8),
    _MailDomain(name="belmont-school.example", percent=4, scanner=scanners.DEFENDER_BURST),
    _MailDomain(name="arden-law.example", percent=3, scanner=scanners.DEFENDER_FIRST),
    _MailDomain(name="calder-freight.example", percent=3, scanner=scanners.BARRACUDA_FIRST),
    _MailDomain(name="mere-and-sons.example", percent=2, scanner=scanners.BARRACUDA_ALL),
    _MailDomain(name="stonebridge-bank.example", percent=4, scanner=scanners.PROOFPOINT),
    _MailDomain(name="lowther-clinic.example", percent=3, scanner=scanners.MIMECAST),
    _MailDomain(name="penhale-council.example", percent=2, scanner=scanners.CISCO),
    _MailDomain(name="tarn-insurance.example", percent=2, scanner=scanners.TREND_MICRO),
    _MailDomain(name="wexcombe-works.example", percent=2, scanner=scanners.GATEWAY_SWEEP),
    _MailDomain(name="ridge-college.example", percent=1, scanner=scanners.HEAD_CHECKER),
    _MailDomain(name="oakhurst-labs.example", percent=1, scanner=scanners.HTTP_LIBRARY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One entry of the mailing list."""

    address: str
    first_name: str


class Population:
    """A mailing list with everyone who follows its links; the same seed gives the same crowd.

    Attributes:
        recipients: the mailing list.
    """

    def __init__(self, *, seed: int, recipient_count: int, window_s: float) -> None:
        """Draw a crowd.

        Args:
            seed: of all draws.
            recipient_count: entries of the mailing list, at most 2,000.
            window_s: seconds after delivery in which everything happens, at least 15.
        """
        self._seed = seed
        self._window_s = window_s
        self._actors: dict[str, list[Actor]] = {}
        rng = Random(f"crowd {seed}")
        residents = [
            (reader, domain) for domain in _DOMAINS for reader in _draw_recipients(domain, recipient_count, rng)
        ]
        self.recipients = tuple(reader for reader, _ in residents)
        self._assign_actors(residents, rng)

    @property
    def actor_names(self) -> Mapping[str, tuple[str, ...]]:
        """Names of those who follow the links of each address; an address that nobody clicks for is not in it."""
        return {address: tuple(actor.name for actor in actors) for address, actors in self._actors.items()}

    def plan(self, message: MessageLinks) -> Iterator[tuple[Actor, PlannedRequest]]:
        """What happens to one letter, in no order."""
        for number, actor in enumerate(self._actors.get(message.recipient, ())):
            chance = SeededRandom(f"{self._seed} {message.recipient} {number}", window_s=self._window_s)
            for request in actor.plan(message, chance):
                yield actor, request

    def _assign_actors(self, recipients: list[tuple[Recipient, _MailDomain]], rng: Random) -> None:
        for reader, domain in recipients:
            if domain.scanner:
                self._add_actor(reader, domain.scanner)
        people = rng.sample(recipients, round(_CLICKER_SHARE * len(recipients)))
        for at_work, kinds in ((False, HOME_ACTORS), (True, WORK_ACTORS)):
            here = [reader for reader, domain in people if domain.is_company is at_work]
            for number, reader in enumerate(here):
                self._add_actor(reader, kinds[number % len(kinds)])
        for number, (reader, _) in enumerate(rng.sample(recipients, round(_PREVIEW_SHARE * len(recipients)))):
            self._add_actor(reader, PREVIEWS[number % len(PREVIEWS)])
        quiet = [reader for reader, _ in recipients if reader.address not in self._actors]
        for reader in rng.sample(quiet, round(_STRAY_SCANNER_SHARE * len(recipients))):
            self._add_actor(reader, scanners.RESIDENTIAL_SCANNER)

    def _add_actor(self, recipient: Recipient, actor: Actor) -> None:
        self._actors.setdefault(recipient.address, []).append(actor)


def _draw_recipients(domain: _MailDomain, recipient_count: int, rng: Random) -> Iterator[Recipient]:
    """The domain's share of the list."""
    couples = [(name, surname) for name in _FIRST_NAMES for surname in _SURNAMES]
    for name, surname in rng.sample(couples, round(domain.percent * recipient_count / 100)):
        yield Recipient(address=f"{name}.{surname}@{domain.name}".lower(), first_name=name)
