"""People as most are. How they click, and the shares in which they come, are assumed: no source has them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population.draws import Luck
from bench.population.plan import Actor, Kind, Letter, Page, Request
from bench.population.reading import at_desk, follow, language, look, offices
from clicktrail.demo.population import browsers, networks

__all__ = ["AT_HOME", "AT_WORK"]

_PHONE: Final = ("phone delay", 9_000, 1.8)
_DESK: Final = ("desktop delay", 7_000, 1.9)
_OFFICE: Final = ("office delay", 1_200, 1.5)
_FRIEND: Final = ("forwarded delay", 30_000, 1.2)
_WEBMAILS: Final = ("https://mail.google.com", "https://outlook.live.com", "https://mail.yahoo.com")


def _iphone(letter: Letter, luck: Luck) -> Iterator[Request]:
    ip = luck.address(networks.HOMES + networks.MOBILE)
    return follow(letter, luck, ip=ip, headers=browsers.safari(language(luck)), delay=_PHONE)


def _desktop(letter: Letter, luck: Luck) -> Iterator[Request]:
    return follow(letter, luck, ip=luck.address(networks.HOMES), headers=at_desk(luck), delay=_DESK)


def _webmail(letter: Letter, luck: Luck) -> Iterator[Request]:
    headers = browsers.chrome(language(luck), webmail=luck.choice(_WEBMAILS))
    return follow(letter, luck, ip=luck.address(networks.HOMES), headers=headers, delay=_DESK)


def _android(letter: Letter, luck: Luck) -> Iterator[Request]:
    browser = luck.choice((browsers.webview, browsers.mobile_chrome))
    return follow(letter, luck, ip=luck.address(networks.MOBILE), headers=browser(language(luck)), delay=_PHONE)


def _private_relay(letter: Letter, luck: Luck) -> Iterator[Request]:
    ip = luck.address(networks.PRIVATE_RELAY)
    return follow(letter, luck, ip=ip, headers=browsers.safari(language(luck)), delay=_PHONE)


def _push(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Someone with the phone in hand."""
    request = Request(
        at=luck.between("push delay", 4, 18),
        link=luck.choice(letter.inviting),
        ip=luck.address(networks.MOBILE),
        headers=browsers.safari(language(luck)),
        kind=Kind.HUMAN,
    )
    yield look(request, luck)


def _double_clicker(letter: Letter, luck: Luck) -> Iterator[Request]:
    """The second click has the first one's page never shown."""
    for request in _desktop(letter, luck):
        yield replace(request, page=Page.UNSEEN)
        yield request.later(luck.between("double click", 0.08, 0.4))


def _tab_opener(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Opens four to eight links to read them later."""
    ip, headers = luck.address(networks.HOMES), at_desk(luck)
    at = luck.waiting(*_DESK)
    for link in luck.sample(letter.inviting, min(len(letter.inviting), luck.randint(4, 8))):
        yield look(Request(at=at, link=link, ip=ip, headers=headers, kind=Kind.HUMAN), luck)
        at += luck.between("tab gap", 0.7, 4)


def _forwarder(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Reads, and sends the message on to a friend."""
    yield from _desktop(letter, luck)
    ip = luck.address(networks.HOMES + networks.MOBILE)
    yield from follow(letter, luck, ip=ip, headers=browsers.safari(language(luck)), delay=_FRIEND)


def _office(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Behind a NAT whose addresses all colleagues share."""
    ip = luck.choice(offices(letter.company, of=6))
    return follow(letter, luck, ip=ip, headers=at_desk(luck), delay=_OFFICE)


def _secure_edge(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Browses through the company's security service."""
    ip = luck.machine(networks.SECURE_EDGE, of=20)
    return follow(letter, luck, ip=ip, headers=browsers.chrome(language(luck)), delay=_OFFICE)


def _safe_links(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Outlook may have a link checked as it is opened: a machine's request, then the person's, on one link."""
    for request in _office(letter, luck):
        if luck.often("Safe Links twin", 0.35):
            yield Request(
                at=max(0, request.at - luck.between("Safe Links lead", 0.2, 2)),
                link=request.link,
                ip=luck.address(networks.MICROSOFT),
                headers=browsers.scripted_chrome(browsers.CHROME - luck.randint(8, 31)),
                kind=Kind.BOT,
            )
        yield request


AT_HOME: Final = (
    Actor(name="person, iPhone", plan=_iphone, share=34),
    Actor(name="person, desktop", plan=_desktop, share=22),
    Actor(name="person, Android", plan=_android, share=18),
    Actor(name="person, web mail", plan=_webmail, share=14),
    Actor(name="person, Private Relay", plan=_private_relay, share=4),
    Actor(name="person, double click", plan=_double_clicker, share=3),
    Actor(name="person, opens tabs", plan=_tab_opener, share=2),
    Actor(name="person, push notification", plan=_push, share=2),
    Actor(name="person, forwards", plan=_forwarder, share=1),
)
AT_WORK: Final = (
    Actor(name="person, office", plan=_office, share=34),
    Actor(name="person, desktop", plan=_desktop, share=20),
    Actor(name="person, iPhone", plan=_iphone, share=18),
    Actor(name="person, Safe Links", plan=_safe_links, share=12),
    Actor(name="person, security service", plan=_secure_edge, share=7),
    Actor(name="person, double click", plan=_double_clicker, share=3),
    Actor(name="person, opens tabs", plan=_tab_opener, share=3),
    Actor(name="person, forwards", plan=_forwarder, share=3),
)
