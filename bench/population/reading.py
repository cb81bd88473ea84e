"""How a person follows links, whatever the machine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import ClickerKind, MessageContent, PageActivity, PlannedRequest
from clicktrail.demo.population import browsers

__all__ = ["add_page_activity", "follow_links", "office_ips", "pick_desktop_headers", "pick_language"]

_MAX_DELAY_S: Final = 14 * 86_400.0
_LANGUAGES: Final = ("en-GB,en;q=0.9", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9,en;q=0.7")
_OFFICE_NETWORKS: Final = ("217.80.0.0/12", "81.128.0.0/12", "193.248.0.0/14", "96.64.0.0/11")
"""Of companies: Deutsche Telekom, BT, Orange, Comcast Business."""


def follow_links(
    content: MessageContent,
    rng: PerturbedRandom,
    *,
    ip: str,
    headers: Mapping[str, str],
    delay: tuple[str, float, float],
) -> Iterator[PlannedRequest]:
    """Read, and follow one link, seldom up to four.

    Args:
        content: whose links.
        rng: of this person.
        ip: the person's address.
        headers: of the person's browser.
        delay: until the first click: its parameter's name, its median in seconds and the sigma of its logarithm.
    """
    (wanted,) = rng.choices((1, 2, 3, 4), weights=(78, 15, 5, 2))
    at = rng.lognormal_perturbed(*delay, high=_MAX_DELAY_S)
    for link in rng.sample(content.content_links, min(wanted, len(content.content_links))):
        yield add_page_activity(
            PlannedRequest(delay_s=at, link=link, ip=ip, headers=headers, kind=ClickerKind.HUMAN), rng
        )
        at += rng.lognormal_perturbed("reading between clicks", 25, 1)


def add_page_activity(request: PlannedRequest, rng: PerturbedRandom) -> PlannedRequest:
    """The person's request, and what the page sees of them: 92 % load its script, 75 % do something there."""
    if not rng.happens(0.92):
        return request
    return replace(request, page_activity=PageActivity.ENGAGED if rng.happens(0.75 / 0.92) else PageActivity.LOADED)


def pick_language(rng: PerturbedRandom) -> str:
    """What a browser asks pages to be written in."""
    return rng.choice(_LANGUAGES)


def pick_desktop_headers(rng: PerturbedRandom) -> Mapping[str, str]:
    """A desktop's browser: mostly Chrome, mostly of this month, 2 % twenty versions behind."""
    (lag,) = rng.choices((0, 1, 2, 4, 8, 20), weights=(70, 15, 6, 4, 3, 2))
    spoken = pick_language(rng)
    kinds = (
        browsers.chrome(spoken, version=browsers.CHROME_VERSION - lag),
        browsers.chrome(spoken, version=browsers.CHROME_VERSION - lag, mac=True),
        browsers.edge(spoken),
        browsers.firefox(spoken),
        browsers.safari(spoken, mac=True),
    )
    (headers,) = rng.choices(kinds, weights=(50, 12, 18, 10, 10))
    return headers


def office_ips(company: str, *, count: int) -> Sequence[str]:
    """The few addresses from which all people of a company come."""
    line = PerturbedRandom(0, f"the line of {company}")
    first = line.pick_host(_OFFICE_NETWORKS)
    head, _, last = first.rpartition(".")
    return [f"{head}.{(int(last) + number) % 250 + 1}" for number in range(count)]
