"""How security products follow links, from field logs and their makers' pages.

Delays are those that were seen, cut off where the demo ends: they are not compressed as people's are, so clicks of
scanners and of people fall into the same seconds. None of it was fitted to a judge.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import CHROME, Headers
from clicktrail.demo.population.draws import Chance
from clicktrail.demo.population.plan import Actor, Request
from clicktrail.demo.population.received import Letter

__all__ = [
    "BARRACUDA_ALL",
    "BARRACUDA_FIRST",
    "CISCO",
    "DEFENDER_BURST",
    "DEFENDER_FIRST",
    "GATEWAY_SWEEP",
    "HEAD_CHECKER",
    "LIBRARY",
    "MIMECAST",
    "PROOFPOINT",
    "RESIDENTIAL",
    "TREND_MICRO",
]

_LIBRARIES: Final = (
    "python-requests/2.32.5",
    "Java-http-client/21.0.9",
    "Go-http-client/2.0",
    "AHC/2.1",
    "curl/8.17.0",
)


def _barracuda_first(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Multilevel intent: the first link only, within seconds, under a browser's name (wordtothewise.com, 2013)."""
    ip = chance.machine(networks.BARRACUDA, of=4)
    yield Request(at=chance.delay(1, 20), url=letter.html[0], ip=ip, headers=_poser(chance))


def _barracuda_all(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Impersonation Protection: every link, from clouds whose addresses are not published (campus.barracuda.com)."""
    headers = browsers.scripted_chrome(CHROME - chance.randint(0, 12))
    for url in letter.everything:
        yield Request(at=chance.delay(20, 600), url=url, ip=chance.machine(networks.AMAZON[:1], of=3), headers=headers)


def _proofpoint(letter: Letter, chance: Chance) -> Iterator[Request]:
    """URL Defense: a sandboxed browser on more than half of the links, each from elsewhere (mautic issue 9798)."""
    for url in chance.some(letter.html, 0.6):
        ip = chance.address(networks.PROOFPOINT + networks.AMAZON)
        yield Request(at=chance.delay(5, 300), url=url, ip=ip, headers=browsers.chrome("en-US,en;q=0.9"))


def _defender_burst(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Safe Links detonation: everything within a second, an old Chrome, first a damaged URL (gophish issues 973, 2446).

    The median burst begins 43 seconds after sending (craft-campaign issue 546).
    """
    start = 9 + chance.lognormal(33, 0.7, high=max(chance.window - 10, 5))
    ip = chance.address(networks.MICROSOFT)
    version = CHROME - chance.randint(8, 31)
    headers = browsers.scripted_chrome(version) if chance.happens(0.5) else browsers.poser(version, language=True)
    if chance.happens(0.5):
        yield Request(at=start - 0.134, url=f"{letter.html[0]}%27/", ip=ip, headers=headers)
    for url in letter.html:
        yield Request(at=start + chance.uniform(0, 0.8), url=url, ip=ip, headers=headers)


def _defender_first(letter: Letter, chance: Chance) -> Iterator[Request]:
    """The first link only, sometimes twice, 134 ms apart (animus issue 31)."""
    headers = browsers.scripted_chrome(CHROME - chance.randint(8, 31))
    first = Request(
        at=chance.delay(12, 120), url=letter.html[0], ip=chance.address(networks.MICROSOFT), headers=headers
    )
    yield first
    if chance.happens(0.5):
        yield first.later(0.134)


def _mimecast(letter: Letter, chance: Chance) -> Iterator[Request]:
    """A scan at entry: link after link."""
    ip, headers = chance.machine(networks.MIMECAST, of=3), _poser(chance)
    for at, url in _one_by_one(letter.html, chance, start=chance.delay(2, 20), gap=(0.2, 1.5)):
        yield Request(at=at, url=url, ip=ip, headers=headers)


def _cisco(letter: Letter, chance: Chance) -> Iterator[Request]:
    """HEAD to learn the kind of content, then GET."""
    ip, headers = chance.machine(networks.CISCO, of=4), _poser(chance)
    for at, url in _one_by_one(letter.html, chance, start=chance.delay(5, 25), gap=(0.1, 0.8)):
        yield Request(at=at, url=url, ip=ip, headers=headers, method="HEAD")
        yield Request(at=at + chance.uniform(0.05, 0.3), url=url, ip=ip, headers=headers)


def _head_checker(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Asks for heads only (cobudget issue 1274): requests, but no clicks."""
    ip, headers = chance.machine(networks.DATACENTRE, of=3), _poser(chance)
    for at, url in _one_by_one(letter.html, chance, start=chance.delay(1, 20), gap=(0.05, 0.4)):
        yield Request(at=at, url=url, ip=ip, headers=headers, method="HEAD")


def _library(letter: Letter, chance: Chance) -> Iterator[Request]:
    """A script that says which library it is made with."""
    ip, headers = chance.address(networks.DATACENTRE), browsers.library(chance.choice(_LIBRARIES))
    for at, url in _one_by_one(letter.everything, chance, start=chance.delay(2, 30), gap=(0.05, 0.4)):
        yield Request(at=at, url=url, ip=ip, headers=headers)


def _trend_micro(letter: Letter, chance: Chance) -> Iterator[Request]:
    """All links within milliseconds, tens of seconds after delivery (MillionSend issue 22)."""
    start = chance.delay(20, 180)
    ip = chance.machine(networks.TRENDMICRO + networks.AMAZON, of=3)
    headers = browsers.scripted_chrome(CHROME - chance.randint(0, 6))
    for url in letter.html:
        yield Request(at=start + chance.uniform(0, 0.03), url=url, ip=ip, headers=headers)


def _gateway_sweep(letter: Letter, chance: Chance) -> Iterator[Request]:
    """A gateway that follows every link before it lets the message in."""
    ip, headers = chance.machine(networks.GATEWAY, of=2), _poser(chance)
    start = chance.uniform(0.1, 1)
    for url in letter.everything:
        yield Request(at=start + chance.uniform(0, 0.7), url=url, ip=ip, headers=headers)


def _residential(letter: Letter, chance: Chance) -> Iterator[Request]:
    """One click from a home line with a current browser's headers (resend-node issue 901): nothing gives it away."""
    yield Request(
        at=chance.lognormal(chance.window * 0.3, 0.8, low=4),
        url=chance.choice(letter.inviting),
        ip=chance.address(networks.RESIDENTIAL_SCANNER + networks.HOMES),
        headers=browsers.chrome("en-US,en;q=0.9"),
    )


BARRACUDA_ALL: Final = Actor(name="Barracuda, all links", plan=_barracuda_all)
BARRACUDA_FIRST: Final = Actor(name="Barracuda, first link", plan=_barracuda_first)
CISCO: Final = Actor(name="Cisco, HEAD and GET", plan=_cisco)
DEFENDER_BURST: Final = Actor(name="Defender, all at once", plan=_defender_burst)
DEFENDER_FIRST: Final = Actor(name="Defender, first link", plan=_defender_first)
GATEWAY_SWEEP: Final = Actor(name="gateway, at delivery", plan=_gateway_sweep)
HEAD_CHECKER: Final = Actor(name="checker, HEAD only", plan=_head_checker)
LIBRARY: Final = Actor(name="script", plan=_library)
MIMECAST: Final = Actor(name="Mimecast, link by link", plan=_mimecast)
PROOFPOINT: Final = Actor(name="Proofpoint, sandbox", plan=_proofpoint)
RESIDENTIAL: Final = Actor(name="scanner on a home line", plan=_residential)
TREND_MICRO: Final = Actor(name="Trend Micro, all at once", plan=_trend_micro)


def _one_by_one(
    urls: Sequence[str], chance: Chance, *, start: float, gap: tuple[float, float]
) -> Iterator[tuple[float, str]]:
    at = start
    for url in urls:
        yield at, url
        at += chance.uniform(*gap)


def _poser(chance: Chance) -> Headers:
    """A scanner under a generic browser's name; some think of Accept-Language."""
    return browsers.poser(CHROME - chance.randint(0, 20), language=chance.happens(0.5))
