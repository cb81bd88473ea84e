"""People that follow links.

Real people click hours after delivery, half of them after more than two hours. The demo lasts less than a minute, so
delays are compressed into its window, except the minimum of four seconds: the fastest reaction to a notification on a
phone. Headers, addresses and the order of clicks are realistic.
"""

from collections.abc import Iterator
from typing import Final

from clicktrail.demo.population import browsers, networks
from clicktrail.demo.population.browsers import Headers
from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks

_MIN_DELAY_S: Final = 4.0
_LANGUAGES: Final = ("en-GB,en;q=0.9", "en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9,en;q=0.7")
_WEBMAILS: Final = ("https://mail.google.com", "https://outlook.live.com", "https://mail.yahoo.com")


def _plan_desktop(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    return _follow_links(message, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=_pick_desktop_headers(rng))


def _plan_iphone(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    ip = rng.pick_host(networks.RESIDENTIAL + networks.MOBILE)
    return _follow_links(message, rng, ip=ip, headers=browsers.safari(_pick_language(rng)))


def _plan_android(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    browser = rng.choice((browsers.webview, browsers.mobile_chrome))
    return _follow_links(message, rng, ip=rng.pick_host(networks.MOBILE), headers=browser(_pick_language(rng)))


def _plan_webmail(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    headers = browsers.chrome(_pick_language(rng), webmail=rng.choice(_WEBMAILS))
    return _follow_links(message, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=headers)


def _plan_private_relay(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    ip = rng.pick_host(networks.PRIVATE_RELAY)
    return _follow_links(message, rng, ip=ip, headers=browsers.safari(_pick_language(rng)))


def _plan_push_notification(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    # 4 to 18 seconds after delivery; this delay is not compressed.
    yield PlannedRequest(
        delay_s=rng.uniform_delay(_MIN_DELAY_S, 18),
        url=rng.choice(message.content_links),
        ip=rng.pick_host(networks.MOBILE),
        headers=browsers.safari(_pick_language(rng)),
        is_human=True,
        loads_page=True,
    )


def _plan_double_clicker(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    for request in _plan_desktop(message, rng):
        yield request
        yield request.repeat_after(rng.uniform(0.08, 0.4))


def _plan_tab_opener(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    # Opens four to eight links in tabs, to read them later.
    ip, headers = rng.pick_host(networks.RESIDENTIAL), _pick_desktop_headers(rng)
    delay_s = rng.lognormal(rng.window_s * 0.3, 0.8, low=_MIN_DELAY_S, high=rng.window_s / 2)
    for url in rng.sample(message.content_links, min(len(message.content_links), rng.randint(4, 8))):
        yield PlannedRequest(delay_s=delay_s, url=url, ip=ip, headers=headers, is_human=True, loads_page=True)
        delay_s += rng.uniform(0.7, 4)


def _plan_forwarder(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    yield from _plan_desktop(message, rng)
    yield from _plan_iphone(message, rng)  # the friend who got the forwarded message


def _plan_office(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    # All employees share the few addresses of their company's NAT.
    headers = _pick_desktop_headers(rng)
    return _follow_links(message, rng, ip=rng.pick_server(networks.OFFICE, server_count=6), headers=headers)


def _plan_secure_web_gateway(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    headers = browsers.chrome(_pick_language(rng))
    return _follow_links(
        message, rng, ip=rng.pick_server(networks.SECURE_WEB_GATEWAY, server_count=20), headers=headers
    )


def _plan_safe_links(message: MessageLinks, rng: SeededRandom) -> Iterator[PlannedRequest]:
    # Outlook's Safe Links requests a link at the moment of the click, before the person's browser does.
    for request in _plan_office(message, rng):
        yield PlannedRequest(
            delay_s=max(0, request.delay_s - rng.uniform(0.2, 2)),
            url=request.url,
            ip=rng.pick_host(networks.MICROSOFT),
            headers=browsers.scripted_chrome(browsers.CHROME_VERSION - rng.randint(8, 31)),
        )
        yield request


HOME_ACTORS: Final = (
    Actor(name="person, desktop", plan=_plan_desktop),
    Actor(name="person, iPhone", plan=_plan_iphone),
    Actor(name="person, Android", plan=_plan_android),
    Actor(name="person, web mail", plan=_plan_webmail),
    Actor(name="person, desktop", plan=_plan_desktop),
    Actor(name="person, iPhone", plan=_plan_iphone),
    Actor(name="person, Private Relay", plan=_plan_private_relay),
    Actor(name="person, opens tabs", plan=_plan_tab_opener),
    Actor(name="person, desktop", plan=_plan_desktop),
    Actor(name="person, iPhone", plan=_plan_iphone),
    Actor(name="person, double click", plan=_plan_double_clicker),
    Actor(name="person, push notification", plan=_plan_push_notification),
    Actor(name="person, web mail", plan=_plan_webmail),
    Actor(name="person, forwards", plan=_plan_forwarder),
)
"""People with private mailboxes; repeated entries are more frequent."""

WORK_ACTORS: Final = (
    Actor(name="person, office", plan=_plan_office),
    Actor(name="person, desktop", plan=_plan_desktop),
    Actor(name="person, Safe Links", plan=_plan_safe_links),
    Actor(name="person, iPhone", plan=_plan_iphone),
    Actor(name="person, office", plan=_plan_office),
    Actor(name="person, security service", plan=_plan_secure_web_gateway),
    Actor(name="person, opens tabs", plan=_plan_tab_opener),
)
"""People with company mailboxes; repeated entries are more frequent."""


def _follow_links(message: MessageLinks, rng: SeededRandom, *, ip: str, headers: Headers) -> Iterator[PlannedRequest]:
    """Follow one link, rarely up to four."""
    (click_count,) = rng.choices((1, 2, 3, 4), weights=(78, 15, 5, 2))
    max_delay_s = rng.window_s if click_count == 1 else rng.window_s / 2
    delay_s = rng.lognormal(rng.window_s * 0.3, 0.8, low=_MIN_DELAY_S, high=max_delay_s)
    for url in rng.sample(message.content_links, min(click_count, len(message.content_links))):
        yield PlannedRequest(delay_s=delay_s, url=url, ip=ip, headers=headers, is_human=True, loads_page=True)
        delay_s += rng.lognormal(6, 0.7, low=1.5)  # reading


def _pick_language(rng: SeededRandom) -> str:
    return rng.choice(_LANGUAGES)


def _pick_desktop_headers(rng: SeededRandom) -> Headers:
    language = _pick_language(rng)
    (versions_behind,) = rng.choices((0, 1, 2, 4, 8, 20), weights=(70, 15, 6, 4, 3, 2))
    candidates = (
        browsers.chrome(language, version=browsers.CHROME_VERSION - versions_behind),
        browsers.chrome(language, version=browsers.CHROME_VERSION - versions_behind, mac=True),
        browsers.edge(language),
        browsers.firefox(language),
        browsers.safari(language, mac=True),
    )
    (headers,) = rng.choices(candidates, weights=(50, 12, 18, 10, 10))
    return headers
