"""People whose click comes with a request of their company's software, just before or after."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity, PlannedRequest
from bench.population.reading import follow_links, office_ips, pick_desktop_headers
from clicktrail.demo.population import browsers, networks

_OFFICE_DELAY: Final = ("companion office delay", 1_200, 1.5)


def _follow_from_office(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    ip = rng.choice(office_ips(content.company, count=3))
    return follow_links(content, rng, ip=ip, headers=pick_desktop_headers(rng), delay=_OFFICE_DELAY)


def _plan_head_first(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """A Go program sends HEAD just before the browser's GET (authelia issue 2994)."""
    for request in _follow_from_office(content, rng):
        yield replace(
            request,
            delay_s=max(0.0, request.delay_s - rng.uniform_perturbed("HEAD lead", 0.1, 1)),
            method="HEAD",
            headers=browsers.http_library("Go-http-client/2.0"),
            kind=ClickerKind.BOT,
            page_activity=PageActivity.UNSEEN,
        )
        yield request


def _plan_reputation_check(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Trend Micro fetches pages once that its customers visit (helpcenter.trendmicro.com tmka-18762)."""
    for request in _follow_from_office(content, rng):
        yield request
        yield replace(
            request.repeat_after(rng.uniform_perturbed("reputation check", 5, 600)),
            ip=rng.pick_host(networks.TREND_MICRO),
            headers=browsers.spoofed_chrome(browsers.CHROME_VERSION - 8, sends_language=True),
            kind=ClickerKind.BOT,
            page_activity=PageActivity.UNSEEN,
        )


WORK_ACTORS: Final = (
    Actor(name="person, HEAD before", plan=_plan_head_first, share=3),
    Actor(name="person, reputation check", plan=_plan_reputation_check, share=3),
)
