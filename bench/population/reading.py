"""Behaviour of people that does not depend on browser and network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import ClickerKind, MessageContent, PageActivity, PlannedRequest
from clicktrail.demo.population import browsers

_MAX_DELAY_S: Final = 14 * 86_400.0
_LANGUAGES: Final = ("en-GB,en;q=0.9", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9,en;q=0.7")
_OFFICE_NETWORKS: Final = ("217.80.0.0/12", "81.128.0.0/12", "193.248.0.0/14", "96.64.0.0/11")
"""Business lines: Deutsche Telekom, BT, Orange, Comcast Business."""


def follow_links(
    content: MessageContent,
    rng: PerturbedRandom,
    *,
    ip: str,
    headers: Mapping[str, str],
    delay: tuple[str, float, float],
) -> Iterator[PlannedRequest]:
    """Follow one link, rarely up to four.

    Args:
        content: the message.
        rng: the person's random numbers.
        ip: client address.
        headers: headers of the browser.
        delay: delay of the first click: name of the parameter, median in seconds, and sigma of its logarithm.
    """
    (click_count,) = rng.choices((1, 2, 3, 4), weights=(78, 15, 5, 2))
    delay_s = rng.lognormal_perturbed(*delay, high=_MAX_DELAY_S)
    for link in rng.sample(content.content_links, min(click_count, len(content.content_links))):
        yield add_page_activity(
            PlannedRequest(delay_s=delay_s, link=link, ip=ip, headers=headers, kind=ClickerKind.HUMAN), rng
        )
        delay_s += rng.lognormal_perturbed("reading between clicks", 25, 1)


def add_page_activity(request: PlannedRequest, rng: PerturbedRandom) -> PlannedRequest:
    """Draw the activity on the landing page: 92 % load its script, and 75 % also scroll, press or type."""
    if not rng.happens(0.92):
        return request
    return replace(request, page_activity=PageActivity.ENGAGED if rng.happens(0.75 / 0.92) else PageActivity.LOADED)


def pick_language(rng: PerturbedRandom) -> str:
    """Draw an Accept-Language header."""
    return rng.choice(_LANGUAGES)


def pick_desktop_headers(rng: PerturbedRandom) -> Mapping[str, str]:
    """Draw the headers of a desktop browser: mostly Chrome, mostly its current version."""
    (versions_behind,) = rng.choices((0, 1, 2, 4, 8, 20), weights=(70, 15, 6, 4, 3, 2))
    language = pick_language(rng)
    candidates = (
        browsers.chrome(language, version=browsers.CHROME_VERSION - versions_behind),
        browsers.chrome(language, version=browsers.CHROME_VERSION - versions_behind, mac=True),
        browsers.edge(language),
        browsers.firefox(language),
        browsers.safari(language, mac=True),
    )
    (headers,) = rng.choices(candidates, weights=(50, 12, 18, 10, 10))
    return headers


def office_ips(company: str, *, count: int) -> Sequence[str]:
    """The few addresses that all people of a company share."""
    rng = PerturbedRandom(0, f"the line of {company}")
    prefix, _, host = rng.pick_host(_OFFICE_NETWORKS).rpartition(".")
    return [f"{prefix}.{(int(host) + number) % 250 + 1}" for number in range(count)]
