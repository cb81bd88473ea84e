"""Mailing list of the demo, and the people and scanners that follow the links of each recipient."""

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

_CLICKER_SHARE: Final = 0.06
_PREVIEW_SHARE: Final = 0.016
_RESIDENTIAL_SCANNER_SHARE: Final = 0.004
"""Shares of recipients with such an actor; company scanners belong to a domain instead."""

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
class Recipient:
    """One entry of the mailing list."""

    address: str
    first_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _MailDomain:
    """A mail domain below ``.example``, which is reserved (RFC 2606 section 3). A company's recipients read at work."""

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


class Population:
    """A mailing list and the actors of each recipient; the same arguments give the same population."""

    def __init__(self, *, seed: int, recipient_count: int, window_s: float) -> None:
        """Draw a population of at most 2,000 recipients, whose requests happen within ``window_s``, 15 or more."""
        self._seed = seed
        self._window_s = window_s
        self._actors: dict[str, list[Actor]] = {}
        rng = Random(f"crowd {seed}")
        domain_by_recipient = {
            recipient: domain for domain in _DOMAINS for recipient in _draw_recipients(domain, recipient_count, rng)
        }
        self.recipients = tuple(domain_by_recipient)
        self._assign_actors(domain_by_recipient, rng)

    @property
    def actor_names(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the actors by recipient's address, for recipients with any."""
        return {address: tuple(actor.name for actor in actors) for address, actors in self._actors.items()}

    def plan(self, message: MessageLinks) -> Iterator[tuple[Actor, PlannedRequest]]:
        """Plan all requests for the links of a message, in any order."""
        for number, actor in enumerate(self._actors.get(message.recipient, ())):
            rng = SeededRandom(f"{self._seed} {message.recipient} {number}", window_s=self._window_s)
            for request in actor.plan(message, rng):
                yield actor, request

    def _assign_actors(self, domain_by_recipient: Mapping[Recipient, _MailDomain], rng: Random) -> None:
        for recipient, domain in domain_by_recipient.items():
            if domain.scanner:
                self._add_actor(recipient, domain.scanner)
        clickers = rng.sample(self.recipients, round(_CLICKER_SHARE * len(self.recipients)))
        for at_work, actors in ((False, HOME_ACTORS), (True, WORK_ACTORS)):
            readers = [recipient for recipient in clickers if domain_by_recipient[recipient].is_company is at_work]
            for number, recipient in enumerate(readers):
                self._add_actor(recipient, actors[number % len(actors)])
        previewers = rng.sample(self.recipients, round(_PREVIEW_SHARE * len(self.recipients)))
        for number, recipient in enumerate(previewers):
            self._add_actor(recipient, PREVIEWS[number % len(PREVIEWS)])
        without_actor = [recipient for recipient in self.recipients if recipient.address not in self._actors]
        for recipient in rng.sample(without_actor, round(_RESIDENTIAL_SCANNER_SHARE * len(self.recipients))):
            self._add_actor(recipient, scanners.RESIDENTIAL_SCANNER)

    def _add_actor(self, recipient: Recipient, actor: Actor) -> None:
        self._actors.setdefault(recipient.address, []).append(actor)


def _draw_recipients(domain: _MailDomain, recipient_count: int, rng: Random) -> Iterator[Recipient]:
    full_names = [(first_name, surname) for first_name in _FIRST_NAMES for surname in _SURNAMES]
    for first_name, surname in rng.sample(full_names, round(domain.percent * recipient_count / 100)):
        yield Recipient(address=f"{first_name}.{surname}@{domain.name}".lower(), first_name=first_name)
