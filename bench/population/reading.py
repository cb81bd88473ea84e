"""How a person follows links, whatever the machine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bench.population.draws import Luck
from bench.population.plan import Kind, Letter, Page, Request
from clicktrail.demo.population import browsers

__all__ = ["at_desk", "follow", "language", "look", "offices"]

_FORTNIGHT: Final = 14 * 86_400.0
_LANGUAGES: Final = ("en-GB,en;q=0.9", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9,en;q=0.7")
_LINES: Final = ("217.80.0.0/12", "81.128.0.0/12", "193.248.0.0/14", "96.64.0.0/11")
"""Of companies: Deutsche Telekom, BT, Orange, Comcast Business."""


def follow(
    letter: Letter, luck: Luck, *, ip: str, headers: Mapping[str, str], delay: tuple[str, float, float]
) -> Iterator[Request]:
    """Read, and follow one link, seldom up to four.

    Args:
        letter: whose links.
        luck: of this person.
        ip: the person's address.
        headers: of the person's browser.
        delay: until the first click: its parameter's name, its median in seconds and the sigma of its logarithm.
    """
    (wanted,) = luck.choices((1, 2, 3, 4), weights=(78, 15, 5, 2))
    at = luck.waiting(*delay, high=_FORTNIGHT)
    for link in luck.sample(letter.inviting, min(wanted, len(letter.inviting))):
        yield look(Request(at=at, link=link, ip=ip, headers=headers, kind=Kind.HUMAN), luck)
        at += luck.waiting("reading between clicks", 25, 1)


def look(request: Request, luck: Luck) -> Request:
    """The person's request, and what the page sees of them: 92 % load its script, 75 % do something there."""
    if not luck.happens(0.92):
        return request
    return replace(request, page=Page.ENGAGED if luck.happens(0.75 / 0.92) else Page.LOADED)


def language(luck: Luck) -> str:
    """What a browser asks pages to be written in."""
    return luck.choice(_LANGUAGES)


def at_desk(luck: Luck) -> Mapping[str, str]:
    """A desktop's browser: mostly Chrome, mostly of this month, 2 % twenty versions behind."""
    (lag,) = luck.choices((0, 1, 2, 4, 8, 20), weights=(70, 15, 6, 4, 3, 2))
    spoken = language(luck)
    kinds = (
        browsers.chrome(spoken, version=browsers.CHROME - lag),
        browsers.chrome(spoken, version=browsers.CHROME - lag, mac=True),
        browsers.edge(spoken),
        browsers.firefox(spoken),
        browsers.safari(spoken, mac=True),
    )
    (headers,) = luck.choices(kinds, weights=(50, 12, 18, 10, 10))
    return headers


def offices(company: str, *, of: int) -> Sequence[str]:
    """The few addresses from which all people of a company come."""
    line = Luck(0, f"the line of {company}")
    first = line.address(_LINES)
    head, _, last = first.rpartition(".")
    return [f"{head}.{(int(last) + number) % 250 + 1}" for number in range(of)]
