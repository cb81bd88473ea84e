"""How people follow links.

They take hours in life: half of them more than two. The demo has less than a minute, so their waiting is compressed
into its window. Nobody is faster than four seconds, as the fastest are in life, with a phone in hand. What people
send, from where, and how they click is not changed.
"""

from collections.abc import Iterator
from typing import Final

from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import Headers
from clicktrail.demo.population.draws import Chance
from clicktrail.demo.population.plan import Actor, Request
from clicktrail.demo.population.received import Letter

__all__ = ["AT_HOME", "AT_WORK"]

_SOONEST: Final = 4.0
_LANGUAGES: Final = ("en-GB,en;q=0.9", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9,en;q=0.7")
_WEBMAILS: Final = ("https://mail.google.com", "https://outlook.live.com", "https://mail.yahoo.com")


def _desktop(letter: Letter, chance: Chance) -> Iterator[Request]:
    return _read(letter, chance, ip=chance.address(networks.HOMES), headers=_desktop_browser(chance))


def _iphone(letter: Letter, chance: Chance) -> Iterator[Request]:
    where = networks.HOMES + networks.MOBILE
    return _read(letter, chance, ip=chance.address(where), headers=browsers.safari(_language(chance)))


def _android(letter: Letter, chance: Chance) -> Iterator[Request]:
    browser = chance.choice((browsers.webview, browsers.mobile_chrome))
    return _read(letter, chance, ip=chance.address(networks.MOBILE), headers=browser(_language(chance)))


def _webmail(letter: Letter, chance: Chance) -> Iterator[Request]:
    headers = browsers.chrome(_language(chance), webmail=chance.choice(_WEBMAILS))
    return _read(letter, chance, ip=chance.address(networks.HOMES), headers=headers)


def _private_relay(letter: Letter, chance: Chance) -> Iterator[Request]:
    ip = chance.address(networks.PRIVATE_RELAY)
    return _read(letter, chance, ip=ip, headers=browsers.safari(_language(chance)))


def _push_notification(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Someone with the phone in hand: 4 to 18 seconds after delivery, and that is no compression."""
    yield Request(
        at=chance.delay(_SOONEST, 18),
        url=chance.choice(letter.inviting),
        ip=chance.address(networks.MOBILE),
        headers=browsers.safari(_language(chance)),
        human=True,
        visits=True,
    )


def _double_clicker(letter: Letter, chance: Chance) -> Iterator[Request]:
    for request in _desktop(letter, chance):
        yield request
        yield request.later(chance.uniform(0.08, 0.4))


def _tab_opener(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Opens four to eight links, one after the other, to read them later."""
    ip, headers = chance.address(networks.HOMES), _desktop_browser(chance)
    at = chance.lognormal(chance.window * 0.3, 0.8, low=_SOONEST, high=chance.window / 2)
    for url in chance.sample(letter.inviting, min(len(letter.inviting), chance.randint(4, 8))):
        yield Request(at=at, url=url, ip=ip, headers=headers, human=True, visits=True)
        at += chance.uniform(0.7, 4)


def _forwarder(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Reads, and sends the letter on to a friend, who reads it elsewhere."""
    yield from _desktop(letter, chance)
    yield from _iphone(letter, chance)


def _office(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Behind the NAT of a company whose people all come from a handful of addresses."""
    headers = _desktop_browser(chance)
    return _read(letter, chance, ip=chance.machine(networks.OFFICE, of=6), headers=headers)


def _secure_edge(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Browses through the company's security service."""
    headers = browsers.chrome(_language(chance))
    return _read(letter, chance, ip=chance.machine(networks.SECURE_EDGE, of=20), headers=headers)


def _safe_links(letter: Letter, chance: Chance) -> Iterator[Request]:
    """Outlook has a link checked as it is opened: a machine's request, then the person's, on one link."""
    for request in _office(letter, chance):
        yield Request(
            at=max(0, request.at - chance.uniform(0.2, 2)),
            url=request.url,
            ip=chance.address(networks.MICROSOFT),
            headers=browsers.scripted_chrome(browsers.CHROME - chance.randint(8, 31)),
        )
        yield request


AT_HOME: Final = (
    Actor(name="person, desktop", plan=_desktop),
    Actor(name="person, iPhone", plan=_iphone),
    Actor(name="person, Android", plan=_android),
    Actor(name="person, web mail", plan=_webmail),
    Actor(name="person, desktop", plan=_desktop),
    Actor(name="person, iPhone", plan=_iphone),
    Actor(name="person, Private Relay", plan=_private_relay),
    Actor(name="person, opens tabs", plan=_tab_opener),
    Actor(name="person, desktop", plan=_desktop),
    Actor(name="person, iPhone", plan=_iphone),
    Actor(name="person, double click", plan=_double_clicker),
    Actor(name="person, push notification", plan=_push_notification),
    Actor(name="person, web mail", plan=_webmail),
    Actor(name="person, forwards", plan=_forwarder),
)
"""Who reads at home, in the shares in which they come."""

AT_WORK: Final = (
    Actor(name="person, office", plan=_office),
    Actor(name="person, desktop", plan=_desktop),
    Actor(name="person, Safe Links", plan=_safe_links),
    Actor(name="person, iPhone", plan=_iphone),
    Actor(name="person, office", plan=_office),
    Actor(name="person, security service", plan=_secure_edge),
    Actor(name="person, opens tabs", plan=_tab_opener),
)
"""Who reads at work, likewise."""


def _read(letter: Letter, chance: Chance, *, ip: str, headers: Headers) -> Iterator[Request]:
    """Follow one link, seldom up to four, with some reading in between."""
    (wanted,) = chance.choices((1, 2, 3, 4), weights=(78, 15, 5, 2))
    latest = chance.window if wanted == 1 else chance.window / 2
    at = chance.lognormal(chance.window * 0.3, 0.8, low=_SOONEST, high=latest)
    for url in chance.sample(letter.inviting, min(wanted, len(letter.inviting))):
        yield Request(at=at, url=url, ip=ip, headers=headers, human=True, visits=True)
        at += chance.lognormal(6, 0.7, low=1.5)


def _language(chance: Chance) -> str:
    return chance.choice(_LANGUAGES)


def _desktop_browser(chance: Chance) -> Headers:
    """Mostly Chrome, mostly of this month: 70 % current, 2 % twenty versions behind."""
    language = _language(chance)
    (lag,) = chance.choices((0, 1, 2, 4, 8, 20), weights=(70, 15, 6, 4, 3, 2))
    kinds = (
        browsers.chrome(language, version=browsers.CHROME - lag),
        browsers.chrome(language, version=browsers.CHROME - lag, mac=True),
        browsers.edge(language),
        browsers.firefox(language),
        browsers.safari(language, mac=True),
    )
    (headers,) = chance.choices(kinds, weights=(50, 12, 18, 10, 10))
    return headers
