"""How security products follow links, from field logs and their makers' pages.

Delays are those that were seen, cut off where the demo ends: they are not compressed as people's are, so clicks of
scanners and of people fall into the same seconds. None of it was fitted to a judge.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import CHROME_VERSION, Headers
from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks

__all__ = [
    "BARRACUDA_ALL",
    "BARRACUDA_FIRST",
    "CISCO",
    "DEFENDER_BURST",
    "DEFENDER_FIRST",
    "GATEWAY_SWEEP",
    "HEAD_CHECKER",
    "HTTP_LIBRARY",
    "MIMECAST",
    "PROOFPOINT",
    "RESIDENTIAL_SCANNER",
    "TREND_MICRO",
]

_LIBRARY_AGENTS: Final = (
    "python-requests/2.32.5",
    "Java-http-client/21.0.9",
    "Go-http-client/2.0",
    "AHC/2.1",
    "curl/8.17.0",
)


def _barracuda_first(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Multilevel intent: the first link only, within seconds, under a browser's name (wordtothewise.com, 2013)."""
    ip = rng.pick_server(networks.BARRACUDA, servers=4)
    yield PlannedRequest(
        delay_s=rng.uniform_delay(1, 20), url=message.html_links[0], ip=ip, headers=_spoofed_headers(rng)
    )


def _barracuda_all(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Impersonation Protection: every link, from clouds whose addresses are not published (campus.barracuda.com)."""
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 12))
    for url in message.unique_links:
        yield PlannedRequest(
            delay_s=rng.uniform_delay(20, 600),
            url=url,
            ip=rng.pick_server(networks.AMAZON[:1], servers=3),
            headers=headers,
        )


def _proofpoint(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """URL Defense: a sandboxed browser on more than half of the links, each from elsewhere (mautic issue 9798)."""
    for url in rng.sample_share(message.html_links, 0.6):
        ip = rng.pick_host(networks.PROOFPOINT + networks.AMAZON)
        yield PlannedRequest(
            delay_s=rng.uniform_delay(5, 300), url=url, ip=ip, headers=browsers.chrome("en-US,en;q=0.9")
        )


def _defender_burst(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Safe Links detonation: everything within a second, an old Chrome, first a damaged URL (gophish issues 973, 2446).

    The median burst begins 43 seconds after sending (craft-campaign issue 546).
    """
    start = 9 + rng.lognormal(33, 0.7, high=max(rng.window_s - 10, 5))
    ip = rng.pick_host(networks.MICROSOFT)
    version = CHROME_VERSION - rng.randint(8, 31)
    headers = (
        browsers.scripted_chrome(version) if rng.happens(0.5) else browsers.spoofed_chrome(version, sends_language=True)
    )
    if rng.happens(0.5):
        yield PlannedRequest(delay_s=start - 0.134, url=f"{message.html_links[0]}%27/", ip=ip, headers=headers)
    for url in message.html_links:
        yield PlannedRequest(delay_s=start + rng.uniform(0, 0.8), url=url, ip=ip, headers=headers)


def _defender_first(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """The first link only, sometimes twice, 134 ms apart (animus issue 31)."""
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(8, 31))
    first = PlannedRequest(
        delay_s=rng.uniform_delay(12, 120),
        url=message.html_links[0],
        ip=rng.pick_host(networks.MICROSOFT),
        headers=headers,
    )
    yield first
    if rng.happens(0.5):
        yield first.repeat_after(0.134)


def _mimecast(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """A scan at entry: link after link."""
    ip, headers = rng.pick_server(networks.MIMECAST, servers=3), _spoofed_headers(rng)
    for at, url in _schedule_links(message.html_links, rng, start_s=rng.uniform_delay(2, 20), gap_s=(0.2, 1.5)):
        yield PlannedRequest(delay_s=at, url=url, ip=ip, headers=headers)


def _cisco(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """HEAD to learn the kind of content, then GET."""
    ip, headers = rng.pick_server(networks.CISCO, servers=4), _spoofed_headers(rng)
    for at, url in _schedule_links(message.html_links, rng, start_s=rng.uniform_delay(5, 25), gap_s=(0.1, 0.8)):
        yield PlannedRequest(delay_s=at, url=url, ip=ip, headers=headers, method="HEAD")
        yield PlannedRequest(delay_s=at + rng.uniform(0.05, 0.3), url=url, ip=ip, headers=headers)


def _head_checker(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Asks for heads only (cobudget issue 1274): requests, but no clicks."""
    ip, headers = rng.pick_server(networks.DATACENTRE, servers=3), _spoofed_headers(rng)
    for at, url in _schedule_links(message.html_links, rng, start_s=rng.uniform_delay(1, 20), gap_s=(0.05, 0.4)):
        yield PlannedRequest(delay_s=at, url=url, ip=ip, headers=headers, method="HEAD")


def _http_library(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """A script that says which library it is made with."""
    ip, headers = rng.pick_host(networks.DATACENTRE), browsers.http_library(rng.choice(_LIBRARY_AGENTS))
    for at, url in _schedule_links(message.unique_links, rng, start_s=rng.uniform_delay(2, 30), gap_s=(0.05, 0.4)):
        yield PlannedRequest(delay_s=at, url=url, ip=ip, headers=headers)


def _trend_micro(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """All links within milliseconds, tens of seconds after delivery (MillionSend issue 22)."""
    start = rng.uniform_delay(20, 180)
    ip = rng.pick_server(networks.TREND_MICRO + networks.AMAZON, servers=3)
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 6))
    for url in message.html_links:
        yield PlannedRequest(delay_s=start + rng.uniform(0, 0.03), url=url, ip=ip, headers=headers)


def _gateway_sweep(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """A gateway that follows every link before it lets the message in."""
    ip, headers = rng.pick_server(networks.MAIL_GATEWAY, servers=2), _spoofed_headers(rng)
    start = rng.uniform(0.1, 1)
    for url in message.unique_links:
        yield PlannedRequest(delay_s=start + rng.uniform(0, 0.7), url=url, ip=ip, headers=headers)


def _residential_scanner(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """One click from a home line with a current browser's headers (resend-node issue 901): nothing gives it away."""
    yield PlannedRequest(
        delay_s=rng.lognormal(rng.window_s * 0.3, 0.8, low=4),
        url=rng.choice(message.content_links),
        ip=rng.pick_host(networks.RESIDENTIAL_SCANNER + networks.RESIDENTIAL),
        headers=browsers.chrome("en-US,en;q=0.9"),
    )


BARRACUDA_ALL: Final = Actor(name="Barracuda, all links", plan=_barracuda_all)
BARRACUDA_FIRST: Final = Actor(name="Barracuda, first link", plan=_barracuda_first)
CISCO: Final = Actor(name="Cisco, HEAD and GET", plan=_cisco)
DEFENDER_BURST: Final = Actor(name="Defender, all at once", plan=_defender_burst)
DEFENDER_FIRST: Final = Actor(name="Defender, first link", plan=_defender_first)
GATEWAY_SWEEP: Final = Actor(name="gateway, at delivery", plan=_gateway_sweep)
HEAD_CHECKER: Final = Actor(name="checker, HEAD only", plan=_head_checker)
HTTP_LIBRARY: Final = Actor(name="script", plan=_http_library)
MIMECAST: Final = Actor(name="Mimecast, link by link", plan=_mimecast)
PROOFPOINT: Final = Actor(name="Proofpoint, sandbox", plan=_proofpoint)
RESIDENTIAL_SCANNER: Final = Actor(name="scanner on a home line", plan=_residential_scanner)
TREND_MICRO: Final = Actor(name="Trend Micro, all at once", plan=_trend_micro)


def _schedule_links(
    urls: Sequence[str], rng: SeededRandom, *, start_s: float, gap_s: tuple[float, float]
) -> Iterator[tuple[float, str]]:
    at = start_s
    for url in urls:
        yield at, url
        at += rng.uniform(*gap_s)


def _spoofed_headers(rng: SeededRandom) -> Headers:
    """A scanner under a generic browser's name; some think of Accept-Language."""
    return browsers.spoofed_chrome(CHROME_VERSION - rng.randint(0, 20), sends_language=rng.happens(0.5))
