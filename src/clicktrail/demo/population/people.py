"""How people follow links.

They take hours in life: half of them more than two. The demo has less than a minute, so their waiting is compressed
into its window. Nobody is faster than four seconds, as the fastest are in life, with a phone in hand. What people
send, from where, and how they click is not changed.
"""

from collections.abc import Iterator
from typing import Final

from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import Headers
from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks

__all__ = ["HOME_ACTORS", "WORK_ACTORS"]

_MIN_DELAY_S: Final = 4.0
_LANGUAGES: Final = ("en-GB,en;q=0.9", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9,en;q=0.7")
_WEBMAILS: Final = ("https://mail.google.com", "https://outlook.live.com", "https://mail.yahoo.com")


def _desktop(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    return _follow_links(message, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=_pick_desktop_headers(rng))


def _iphone(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    where = networks.RESIDENTIAL + networks.MOBILE
    return _follow_links(message, rng, ip=rng.pick_host(where), headers=browsers.safari(_pick_language(rng)))


def _android(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    browser = rng.choice((browsers.webview, browsers.mobile_chrome))
    return _follow_links(message, rng, ip=rng.pick_host(networks.MOBILE), headers=browser(_pick_language(rng)))


def _webmail(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    headers = browsers.chrome(_pick_language(rng), webmail=rng.choice(_WEBMAILS))
    return _follow_links(message, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=headers)


def _private_relay(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    ip = rng.pick_host(networks.PRIVATE_RELAY)
    return _follow_links(message, rng, ip=ip, headers=browsers.safari(_pick_language(rng)))


def _push_notification(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Someone with the phone in hand: 4 to 18 seconds after delivery, and that is no compression."""
    yield PlannedRequest(
        delay_s=rng.uniform_delay(_MIN_DELAY_S, 18),
        url=rng.choice(message.content_links),
        ip=rng.pick_host(networks.MOBILE),
        headers=browsers.safari(_pick_language(rng)),
        is_human=True,
        loads_page=True,
    )


def _double_clicker(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    for request in _desktop(message, rng):
        yield request
        yield request.repeat_after(rng.uniform(0.08, 0.4))


def _tab_opener(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Opens four to eight links, one after the other, to read them later."""
    ip, headers = rng.pick_host(networks.RESIDENTIAL), _pick_desktop_headers(rng)
    at = rng.lognormal(rng.window_s * 0.3, 0.8, low=_MIN_DELAY_S, high=rng.window_s / 2)
    for url in rng.sample(message.content_links, min(len(message.content_links), rng.randint(4, 8))):
        yield PlannedRequest(delay_s=at, url=url, ip=ip, headers=headers, is_human=True, loads_page=True)
        at += rng.uniform(0.7, 4)


def _forwarder(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Reads, and sends the letter on to a friend, who reads it elsewhere."""
    yield from _desktop(message, rng)
    yield from _iphone(message, rng)


def _office(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Behind the NAT of a company whose people all come from a handful of addresses."""
    headers = _pick_desktop_headers(rng)
    return _follow_links(message, rng, ip=rng.pick_server(networks.OFFICE, servers=6), headers=headers)


def _secure_web_gateway(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Browses through the company's security service."""
    headers = browsers.chrome(_pick_language(rng))
    return _follow_links(message, rng, ip=rng.pick_server(networks.SECURE_WEB_GATEWAY, servers=20), headers=headers)


def _safe_links(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    """Outlook has a link checked as it is opened: a machine's request, then the person's, on one link."""
    for request in _office(message, rng):
        yield PlannedRequest(
            delay_s=max(0, request.delay_s - rng.uniform(0.2, 2)),
            url=request.url,
            ip=rng.pick_host(networks.MICROSOFT),
            headers=browsers.scripted_chrome(browsers.CHROME_VERSION - rng.randint(8, 31)),
        )
        yield request


HOME_ACTORS: Final = (
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

WORK_ACTORS: Final = (
    Actor(name="person, office", plan=_office),
    Actor(name="person, desktop", plan=_desktop),
    Actor(name="person, Safe Links", plan=_safe_links),
    Actor(name="person, iPhone", plan=_iphone),
    Actor(name="person, office", plan=_office),
    Actor(name="person, security service", plan=_secure_web_gateway),
    Actor(name="person, opens tabs", plan=_tab_opener),
)
"""Who reads at work, likewise."""


def _follow_links(message: MessageLinks, rng: SeededRandom, *, ip: str, headers: Headers) -> Iterator[PlannedRequest]:
    """Follow one link, seldom up to four, with some reading in between."""
    (wanted,) = rng.choices((1, 2, 3, 4), weights=(78, 15, 5, 2))
    latest = rng.window_s if wanted == 1 else rng.window_s / 2
    at = rng.lognormal(rng.window_s * 0.3, 0.8, low=_MIN_DELAY_S, high=latest)
    for url in rng.sample(message.content_links, min(wanted, len(message.content_links))):
        yield PlannedRequest(delay_s=at, url=url, ip=ip, headers=headers, is_human=True, loads_page=True)
        at += rng.lognormal(6, 0.7, low=1.5)


def _pick_language(rng: SeededRandom) -> str:
    return rng.choice(_LANGUAGES)


def _pick_desktop_headers(rng: SeededRandom) -> Headers:
    """Mostly Chrome, mostly of this month: 70 % current, 2 % twenty versions behind."""
    language = _pick_language(rng)
    (lag,) = rng.choices((0, 1, 2, 4, 8, 20), weights=(70, 15, 6, 4, 3, 2))
    kinds = (
        browsers.chrome(language, version=browsers.CHROME_VERSION - lag),
        browsers.chrome(language, version=browsers.CHROME_VERSION - lag, mac=True),
        browsers.edge(language),
        browsers.firefox(language),
        browsers.safari(language, mac=True),
    )
    (headers,) = rng.choices(kinds, weights=(50, 12, 18, 10, 10))
    return headers
