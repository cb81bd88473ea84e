"""Security products that follow links, after field logs and vendors' documentation.

Delays are the observed ones, cut off at the end of the demo. They are not compressed like people's, so scanners and
people click at the same time. No value was fitted to the judge's rules.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import CHROME_VERSION, Headers
from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks

_LIBRARY_AGENTS: Final = (
    "python-requests/2.32.5",
    "Java-http-client/21.0.9",
    "Go-http-client/2.0",
    "AHC/2.1",
    "curl/8.17.0",
)


def _plan_barracuda_first(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Multilevel Intent: only the first link, within seconds, with a browser's User-Agent (wordtothewise.com, 2013)."""
    ip = rng.pick_server(networks.BARRACUDA, server_count=4)
    yield PlannedRequest(
        delay_s=rng.uniform_delay(1, 20), url=message.html_links[0], ip=ip, headers=_spoofed_headers(rng)
    )


def _plan_barracuda_all(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Impersonation Protection: every link, from unpublished cloud addresses (campus.barracuda.com)."""
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 12))
    for url in message.unique_links:
        yield PlannedRequest(
            delay_s=rng.uniform_delay(20, 600),
            url=url,
            ip=rng.pick_server(networks.AMAZON[:1], server_count=3),
            headers=headers,
        )


def _plan_proofpoint(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """URL Defense: a sandboxed browser opens 60 % of the links, each from another address (mautic issue 9798)."""
    for url in rng.sample_share(message.html_links, 0.6):
        ip = rng.pick_host(networks.PROOFPOINT + networks.AMAZON)
        yield PlannedRequest(
            delay_s=rng.uniform_delay(5, 300), url=url, ip=ip, headers=browsers.chrome("en-US,en;q=0.9")
        )


def _plan_defender_burst(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Safe Links detonation: all links within a second, with an old Chrome (gophish issues 973, 2446).

    Half of the bursts start with a damaged URL. The median start is 43 s after sending (craft-campaign issue 546).
    """
    start_s = 9 + rng.lognormal(33, 0.7, high=max(rng.window_s - 10, 5))
    ip = rng.pick_host(networks.MICROSOFT)
    version = CHROME_VERSION - rng.randint(8, 31)
    headers = (
        browsers.scripted_chrome(version) if rng.happens(0.5) else browsers.spoofed_chrome(version, sends_language=True)
    )
    if rng.happens(0.5):
        yield PlannedRequest(delay_s=start_s - 0.134, url=f"{message.html_links[0]}%27/", ip=ip, headers=headers)
    for url in message.html_links:
        yield PlannedRequest(delay_s=start_s + rng.uniform(0, 0.8), url=url, ip=ip, headers=headers)


def _plan_defender_first(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Only the first link, half of the time twice, 134 ms apart (animus issue 31)."""
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(8, 31))
    request = PlannedRequest(
        delay_s=rng.uniform_delay(12, 120),
        url=message.html_links[0],
        ip=rng.pick_host(networks.MICROSOFT),
        headers=headers,
    )
    yield request
    if rng.happens(0.5):
        yield request.repeat_after(0.134)


def _plan_mimecast(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Link after link, shortly after delivery."""
    ip, headers = rng.pick_server(networks.MIMECAST, server_count=3), _spoofed_headers(rng)
    for delay_s, url in _schedule_links(message.html_links, rng, start_s=rng.uniform_delay(2, 20), gap_s=(0.2, 1.5)):
        yield PlannedRequest(delay_s=delay_s, url=url, ip=ip, headers=headers)


def _plan_cisco(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """HEAD for the content type, then GET."""
    ip, headers = rng.pick_server(networks.CISCO, server_count=4), _spoofed_headers(rng)
    for delay_s, url in _schedule_links(message.html_links, rng, start_s=rng.uniform_delay(5, 25), gap_s=(0.1, 0.8)):
        yield PlannedRequest(delay_s=delay_s, url=url, ip=ip, headers=headers, method="HEAD")
        yield PlannedRequest(delay_s=delay_s + rng.uniform(0.05, 0.3), url=url, ip=ip, headers=headers)


def _plan_head_checker(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Sends only HEAD requests, which are never counted (cobudget issue 1274)."""
    ip, headers = rng.pick_server(networks.DATACENTRE, server_count=3), _spoofed_headers(rng)
    for delay_s, url in _schedule_links(message.html_links, rng, start_s=rng.uniform_delay(1, 20), gap_s=(0.05, 0.4)):
        yield PlannedRequest(delay_s=delay_s, url=url, ip=ip, headers=headers, method="HEAD")


def _plan_http_library(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    ip, headers = rng.pick_host(networks.DATACENTRE), browsers.http_library(rng.choice(_LIBRARY_AGENTS))
    for delay_s, url in _schedule_links(message.unique_links, rng, start_s=rng.uniform_delay(2, 30), gap_s=(0.05, 0.4)):
        yield PlannedRequest(delay_s=delay_s, url=url, ip=ip, headers=headers)


def _plan_trend_micro(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """All links within milliseconds, tens of seconds after delivery (MillionSend issue 22)."""
    start_s = rng.uniform_delay(20, 180)
    ip = rng.pick_server(networks.TREND_MICRO + networks.AMAZON, server_count=3)
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 6))
    for url in message.html_links:
        yield PlannedRequest(delay_s=start_s + rng.uniform(0, 0.03), url=url, ip=ip, headers=headers)


def _plan_gateway_sweep(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Mail gateway that follows every link before it delivers the message."""
    ip, headers = rng.pick_server(networks.MAIL_GATEWAY, server_count=2), _spoofed_headers(rng)
    start_s = rng.uniform(0.1, 1)
    for url in message.unique_links:
        yield PlannedRequest(delay_s=start_s + rng.uniform(0, 0.7), url=url, ip=ip, headers=headers)


def _plan_residential_scanner(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """One click from a residential network with a current browser's headers: undetectable (resend-node issue 901)."""
    yield PlannedRequest(
        delay_s=rng.lognormal(rng.window_s * 0.3, 0.8, low=4),
        url=rng.choice(message.content_links),
        ip=rng.pick_host(networks.RESIDENTIAL_SCANNER + networks.RESIDENTIAL),
        headers=browsers.chrome("en-US,en;q=0.9"),
    )


BARRACUDA_ALL: Final = Actor(name="Barracuda, all links", plan=_plan_barracuda_all)
BARRACUDA_FIRST: Final = Actor(name="Barracuda, first link", plan=_plan_barracuda_first)
CISCO: Final = Actor(name="Cisco, HEAD and GET", plan=_plan_cisco)
DEFENDER_BURST: Final = Actor(name="Defender, all at once", plan=_plan_defender_burst)
DEFENDER_FIRST: Final = Actor(name="Defender, first link", plan=_plan_defender_first)
GATEWAY_SWEEP: Final = Actor(name="gateway, at delivery", plan=_plan_gateway_sweep)
HEAD_CHECKER: Final = Actor(name="checker, HEAD only", plan=_plan_head_checker)
HTTP_LIBRARY: Final = Actor(name="script", plan=_plan_http_library)
MIMECAST: Final = Actor(name="Mimecast, link by link", plan=_plan_mimecast)
PROOFPOINT: Final = Actor(name="Proofpoint, sandbox", plan=_plan_proofpoint)
RESIDENTIAL_SCANNER: Final = Actor(name="residential scanner", plan=_plan_residential_scanner)
TREND_MICRO: Final = Actor(name="Trend Micro, all at once", plan=_plan_trend_micro)


def _schedule_links(
    urls: Sequence[str], rng: SeededRandom, *, start_s: float, gap_s: tuple[float, float]
) -> Iterator[tuple[float, str]]:
    """Yield each URL with its delay after delivery."""
    delay_s = start_s
    for url in urls:
        yield delay_s, url
        delay_s += rng.uniform(*gap_s)


def _spoofed_headers(rng: SeededRandom) -> Headers:
    return browsers.spoofed_chrome(CHROME_VERSION - rng.randint(0, 20), sends_language=rng.happens(0.5))
