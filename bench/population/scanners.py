"""Common scanners, after field logs and vendors' documentation; `clicktrail.demo.population.scanners` has the sources.

Their shares are assumed: no source has them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity, PlannedRequest
from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import CHROME_VERSION

_LIBRARY_AGENTS: Final = (
    "python-requests/2.32.5",
    "Java-http-client/21.0.9",
    "Go-http-client/2.0",
    "AHC/2.1",
    "curl/8.17.0",
)


def sweep_links(
    links: Sequence[int], times: Iterable[float], *, ip: str, headers: Mapping[str, str]
) -> Iterator[PlannedRequest]:
    """Follow links at these times, in order."""
    for link, delay_s in zip(links, times, strict=False):
        yield PlannedRequest(delay_s=delay_s, link=link, ip=ip, headers=headers, kind=ClickerKind.BOT)


def schedule_times(
    rng: PerturbedRandom, parameter: str, *, start_s: float, gap_s: tuple[float, float]
) -> Iterator[float]:
    """Yield delays in seconds without end, with gaps drawn by a perturbed parameter."""
    delay_s = start_s
    while True:
        yield delay_s
        delay_s += rng.uniform_perturbed(parameter, *gap_s)


def spoofed_headers(rng: PerturbedRandom) -> Mapping[str, str]:
    """Headers of a program that sends a browser's User-Agent; half of them send Accept-Language too."""
    return browsers.spoofed_chrome(CHROME_VERSION - rng.randint(0, 20), sends_language=rng.happens(0.5))


def _plan_barracuda_first(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    ip = rng.pick_server(networks.BARRACUDA, server_count=4)
    start_s = rng.uniform_perturbed("Barracuda delay", 1, 20)
    return sweep_links(
        content.visible_links[:1],
        schedule_times(rng, "barracuda first gap", start_s=start_s, gap_s=(0, 0)),
        ip=ip,
        headers=spoofed_headers(rng),
    )


def _plan_barracuda_api(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 12))
    for link in content.visible_links:
        ip = rng.pick_server(networks.AMAZON[:1], server_count=3)
        delay_s = rng.uniform_perturbed("Barracuda API delay", 20, 600)
        yield PlannedRequest(delay_s=delay_s, link=link, ip=ip, headers=headers, kind=ClickerKind.BOT)


def _plan_proofpoint(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    page_activity = PageActivity.LOADED if rng.happens(0.5) else PageActivity.UNSEEN
    for link in content.visible_links:
        if link == 0 or rng.happens_perturbed("Proofpoint share", 0.6):
            ip = rng.pick_host(networks.PROOFPOINT + networks.AMAZON)
            delay_s = rng.uniform_perturbed("Proofpoint delay", 5, 300)
            headers = browsers.chrome("en-US,en;q=0.9")
            yield PlannedRequest(
                delay_s=delay_s, link=link, ip=ip, headers=headers, kind=ClickerKind.BOT, page_activity=page_activity
            )


def _plan_defender_burst(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    start_s = 9 + rng.lognormal_perturbed("Defender delay", 33, 0.7)
    ip = rng.pick_host(networks.MICROSOFT)
    version = CHROME_VERSION - rng.randint(8, 31)
    headers = (
        browsers.scripted_chrome(version) if rng.happens(0.5) else browsers.spoofed_chrome(version, sends_language=True)
    )
    page_activity = PageActivity.LOADED if rng.happens_perturbed("Defender runs scripts", 0.5) else PageActivity.UNSEEN
    if rng.happens_perturbed("Defender probe", 0.5):
        yield PlannedRequest(
            delay_s=start_s - 0.134, link=0, ip=ip, headers=headers, kind=ClickerKind.BOT, is_tampered=True
        )
    for link in content.visible_links:
        delay_s = start_s + rng.uniform_perturbed("Defender burst", 0, 0.8)
        yield PlannedRequest(
            delay_s=delay_s, link=link, ip=ip, headers=headers, kind=ClickerKind.BOT, page_activity=page_activity
        )


def _plan_defender_first(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    ip, headers = rng.pick_host(networks.MICROSOFT), browsers.scripted_chrome(CHROME_VERSION - rng.randint(8, 31))
    start_s = rng.uniform_perturbed("Defender first delay", 12, 120)
    links = content.visible_links[:1] if rng.happens(0.5) else [0, 0]
    return sweep_links(
        links, schedule_times(rng, "defender first gap", start_s=start_s, gap_s=(0.13, 0.14)), ip=ip, headers=headers
    )


def _plan_mimecast(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Often follows hidden links too.
    links = list(content.visible_links)
    if content.has_trap and rng.happens_perturbed("Mimecast trap", 0.7):
        links.append(content.link_count)
    ip = rng.pick_server(networks.MIMECAST, server_count=3)
    return sweep_links(
        links,
        schedule_times(rng, "mimecast gap", start_s=rng.uniform_perturbed("Mimecast delay", 2, 20), gap_s=(0.2, 1.5)),
        ip=ip,
        headers=spoofed_headers(rng),
    )


def _plan_cisco(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # HEAD for the content type, then GET.
    ip, headers = rng.pick_server(networks.CISCO, server_count=4), spoofed_headers(rng)
    for request in sweep_links(
        content.visible_links,
        schedule_times(rng, "cisco gap", start_s=rng.uniform_perturbed("cisco delay", 5, 60), gap_s=(0.1, 0.8)),
        ip=ip,
        headers=headers,
    ):
        yield replace(request, method="HEAD")
        yield request.repeat_after(rng.uniform_perturbed("Cisco gap", 0.05, 0.3))


def _plan_head_checker(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # HEAD requests are never counted as clicks.
    ip, headers = rng.pick_server(networks.DATACENTRE, server_count=3), spoofed_headers(rng)
    for request in sweep_links(
        content.visible_links,
        schedule_times(
            rng, "head checker gap", start_s=rng.uniform_perturbed("head checker delay", 1, 20), gap_s=(0.05, 0.4)
        ),
        ip=ip,
        headers=headers,
    ):
        yield replace(request, method="HEAD")


def _plan_http_library(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    ip, headers = rng.pick_host(networks.DATACENTRE), browsers.http_library(rng.choice(_LIBRARY_AGENTS))
    return sweep_links(
        content.visible_links,
        schedule_times(rng, "library gap", start_s=rng.uniform_perturbed("library delay", 2, 90), gap_s=(0.05, 0.4)),
        ip=ip,
        headers=headers,
    )


def _plan_naive_scanner(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Also follows the hidden link.
    links = range(content.link_count + content.has_trap)
    ip, headers = rng.pick_host(networks.DATACENTRE), browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 6))
    return sweep_links(
        links,
        schedule_times(rng, "naive gap", start_s=rng.uniform_perturbed("naive delay", 3, 300), gap_s=(0.1, 3)),
        ip=ip,
        headers=headers,
    )


SCANNERS: Final = (
    Actor(name="Defender, all at once", plan=_plan_defender_burst, share=28),
    Actor(name="Defender, first link", plan=_plan_defender_first, share=12),
    Actor(name="Proofpoint, sandbox", plan=_plan_proofpoint, share=15),
    Actor(name="Mimecast, link by link", plan=_plan_mimecast, share=13),
    Actor(name="Barracuda, first link", plan=_plan_barracuda_first, share=8),
    Actor(name="Barracuda, all links", plan=_plan_barracuda_api, share=7),
    Actor(name="Cisco, HEAD and GET", plan=_plan_cisco, share=7),
    Actor(name="naive scanner", plan=_plan_naive_scanner, share=5),
    Actor(name="script", plan=_plan_http_library, share=3),
    Actor(name="checker, HEAD only", plan=_plan_head_checker, share=2),
)
