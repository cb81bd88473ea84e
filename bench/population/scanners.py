"""Scanners as they were seen most, in field logs and on their makers' pages; the demo's name the sources of each.

The shares in which they come are assumed: no source has them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bench.population.draws import Luck
from bench.population.plan import Actor, Kind, Letter, Page, Request
from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import CHROME

__all__ = ["SCANNERS", "pace", "posing", "sweep"]

_LIBRARIES: Final = (
    "python-requests/2.32.5",
    "Java-http-client/21.0.9",
    "Go-http-client/2.0",
    "AHC/2.1",
    "curl/8.17.0",
)


def sweep(links: Sequence[int], times: Iterable[float], *, ip: str, headers: Mapping[str, str]) -> Iterator[Request]:
    """Link after link, each at its time."""
    for link, at in zip(links, times, strict=False):
        yield Request(at=at, link=link, ip=ip, headers=headers, kind=Kind.BOT)


def pace(luck: Luck, name: str, *, start: float, gap: tuple[float, float]) -> Iterator[float]:
    """Times without end, with gaps of so many seconds, of which this world has its own by this name."""
    at = start
    while True:
        yield at
        at += luck.between(name, *gap)


def posing(luck: Luck) -> Mapping[str, str]:
    """A program under a browser's name; some think of Accept-Language."""
    return browsers.poser(CHROME - luck.randint(0, 20), language=luck.happens(0.5))


def _barracuda_first(letter: Letter, luck: Luck) -> Iterator[Request]:
    ip = luck.machine(networks.BARRACUDA, of=4)
    start = luck.between("Barracuda delay", 1, 20)
    return sweep(
        letter.every[:1], pace(luck, "barracuda first gap", start=start, gap=(0, 0)), ip=ip, headers=posing(luck)
    )


def _barracuda_api(letter: Letter, luck: Luck) -> Iterator[Request]:
    """After delivery, from a cloud whose addresses are not published."""
    headers = browsers.scripted_chrome(CHROME - luck.randint(0, 12))
    for link in letter.every:
        ip = luck.machine(networks.AMAZON[:1], of=3)
        at = luck.between("Barracuda API delay", 20, 600)
        yield Request(at=at, link=link, ip=ip, headers=headers, kind=Kind.BOT)


def _proofpoint(letter: Letter, luck: Luck) -> Iterator[Request]:
    """A sandboxed browser on more than half of the links, each from elsewhere."""
    page = Page.LOADED if luck.happens(0.5) else Page.UNSEEN
    for link in letter.every:
        if link == 0 or luck.often("Proofpoint share", 0.6):
            ip = luck.address(networks.PROOFPOINT + networks.AMAZON)
            at = luck.between("Proofpoint delay", 5, 300)
            headers = browsers.chrome("en-US,en;q=0.9")
            yield Request(at=at, link=link, ip=ip, headers=headers, kind=Kind.BOT, page=page)


def _defender_burst(letter: Letter, luck: Luck) -> Iterator[Request]:
    """All within a second, an old Chrome, and first a damaged token."""
    start = 9 + luck.waiting("Defender delay", 33, 0.7)
    ip = luck.address(networks.MICROSOFT)
    version = CHROME - luck.randint(8, 31)
    headers = browsers.scripted_chrome(version) if luck.happens(0.5) else browsers.poser(version, language=True)
    page = Page.LOADED if luck.often("Defender runs scripts", 0.5) else Page.UNSEEN
    if luck.often("Defender probe", 0.5):
        yield Request(at=start - 0.134, link=0, ip=ip, headers=headers, kind=Kind.BOT, damaged=True)
    for link in letter.every:
        at = start + luck.between("Defender burst", 0, 0.8)
        yield Request(at=at, link=link, ip=ip, headers=headers, kind=Kind.BOT, page=page)


def _defender_first(letter: Letter, luck: Luck) -> Iterator[Request]:
    ip, headers = luck.address(networks.MICROSOFT), browsers.scripted_chrome(CHROME - luck.randint(8, 31))
    start = luck.between("Defender first delay", 12, 120)
    twice = letter.every[:1] if luck.happens(0.5) else [0, 0]
    return sweep(twice, pace(luck, "defender first gap", start=start, gap=(0.13, 0.14)), ip=ip, headers=headers)


def _mimecast(letter: Letter, luck: Luck) -> Iterator[Request]:
    """A scan at entry, hidden links too."""
    links = list(letter.every)
    if letter.trap and luck.often("Mimecast trap", 0.7):
        links.append(letter.links)
    ip = luck.machine(networks.MIMECAST, of=3)
    return sweep(
        links,
        pace(luck, "mimecast gap", start=luck.between("Mimecast delay", 2, 20), gap=(0.2, 1.5)),
        ip=ip,
        headers=posing(luck),
    )


def _cisco(letter: Letter, luck: Luck) -> Iterator[Request]:
    """HEAD to learn what it is, then GET."""
    ip, headers = luck.machine(networks.CISCO, of=4), posing(luck)
    for request in sweep(
        letter.every,
        pace(luck, "cisco gap", start=luck.between("cisco delay", 5, 60), gap=(0.1, 0.8)),
        ip=ip,
        headers=headers,
    ):
        yield replace(request, method="HEAD")
        yield request.later(luck.between("Cisco gap", 0.05, 0.3))


def _head_checker(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Requests, but no clicks."""
    ip, headers = luck.machine(networks.DATACENTRE, of=3), posing(luck)
    for request in sweep(
        letter.every,
        pace(luck, "head checker gap", start=luck.between("head checker delay", 1, 20), gap=(0.05, 0.4)),
        ip=ip,
        headers=headers,
    ):
        yield replace(request, method="HEAD")


def _library(letter: Letter, luck: Luck) -> Iterator[Request]:
    """A script that says which library it is made with."""
    ip, headers = luck.address(networks.DATACENTRE), browsers.library(luck.choice(_LIBRARIES))
    return sweep(
        letter.every,
        pace(luck, "library gap", start=luck.between("library delay", 2, 90), gap=(0.05, 0.4)),
        ip=ip,
        headers=headers,
    )


def _naive(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Follows every link of the source, whether a person could see it or not."""
    links = range(letter.links + letter.trap)
    ip, headers = luck.address(networks.DATACENTRE), browsers.scripted_chrome(CHROME - luck.randint(0, 6))
    return sweep(
        links, pace(luck, "naive gap", start=luck.between("naive delay", 3, 300), gap=(0.1, 3)), ip=ip, headers=headers
    )


SCANNERS: Final = (
    Actor(name="Defender, all at once", plan=_defender_burst, share=28),
    Actor(name="Defender, first link", plan=_defender_first, share=12),
    Actor(name="Proofpoint, sandbox", plan=_proofpoint, share=15),
    Actor(name="Mimecast, link by link", plan=_mimecast, share=13),
    Actor(name="Barracuda, first link", plan=_barracuda_first, share=8),
    Actor(name="Barracuda, all links", plan=_barracuda_api, share=7),
    Actor(name="Cisco, HEAD and GET", plan=_cisco, share=7),
    Actor(name="naive scanner", plan=_naive, share=5),
    Actor(name="script", plan=_library, share=3),
    Actor(name="checker, HEAD only", plan=_head_checker, share=2),
)
