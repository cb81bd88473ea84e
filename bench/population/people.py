"""Common kinds of people. Their behaviour and shares are assumed: no source has them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity, PlannedRequest
from bench.population.reading import add_page_activity, follow_links, office_ips, pick_desktop_headers, pick_language
from clicktrail.demo.population import browsers, networks

_PHONE_DELAY: Final = ("phone delay", 9_000, 1.8)
_DESKTOP_DELAY: Final = ("desktop delay", 7_000, 1.9)
_OFFICE_DELAY: Final = ("office delay", 1_200, 1.5)
_FORWARD_DELAY: Final = ("forwarded delay", 30_000, 1.2)
_WEBMAILS: Final = ("https://mail.google.com", "https://outlook.live.com", "https://mail.yahoo.com")


def _plan_iphone(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    ip = rng.pick_host(networks.RESIDENTIAL + networks.MOBILE)
    return follow_links(content, rng, ip=ip, headers=browsers.safari(pick_language(rng)), delay=_PHONE_DELAY)


def _plan_desktop(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    return follow_links(
        content, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=pick_desktop_headers(rng), delay=_DESKTOP_DELAY
    )


def _plan_webmail(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    headers = browsers.chrome(pick_language(rng), webmail=rng.choice(_WEBMAILS))
    return follow_links(content, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=headers, delay=_DESKTOP_DELAY)


def _plan_android(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    browser = rng.choice((browsers.webview, browsers.mobile_chrome))
    return follow_links(
        content, rng, ip=rng.pick_host(networks.MOBILE), headers=browser(pick_language(rng)), delay=_PHONE_DELAY
    )


def _plan_private_relay(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    ip = rng.pick_host(networks.PRIVATE_RELAY)
    return follow_links(content, rng, ip=ip, headers=browsers.safari(pick_language(rng)), delay=_PHONE_DELAY)


def _plan_push_notification(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    request = PlannedRequest(
        delay_s=rng.uniform_perturbed("push delay", 4, 18),
        link=rng.choice(content.content_links),
        ip=rng.pick_host(networks.MOBILE),
        headers=browsers.safari(pick_language(rng)),
        kind=ClickerKind.HUMAN,
    )
    yield add_page_activity(request, rng)


def _plan_double_clicker(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # The second click replaces the first page before it is shown.
    for request in _plan_desktop(content, rng):
        yield replace(request, page_activity=PageActivity.UNSEEN)
        yield request.repeat_after(rng.uniform_perturbed("double click", 0.08, 0.4))


def _plan_tab_opener(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Opens four to eight links in tabs, to read them later.
    ip, headers = rng.pick_host(networks.RESIDENTIAL), pick_desktop_headers(rng)
    delay_s = rng.lognormal_perturbed(*_DESKTOP_DELAY)
    for link in rng.sample(content.content_links, min(len(content.content_links), rng.randint(4, 8))):
        yield add_page_activity(
            PlannedRequest(delay_s=delay_s, link=link, ip=ip, headers=headers, kind=ClickerKind.HUMAN), rng
        )
        delay_s += rng.uniform_perturbed("tab gap", 0.7, 4)


def _plan_forwarder(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    yield from _plan_desktop(content, rng)
    ip = rng.pick_host(networks.RESIDENTIAL + networks.MOBILE)
    # the friend who got the forwarded message
    yield from follow_links(content, rng, ip=ip, headers=browsers.safari(pick_language(rng)), delay=_FORWARD_DELAY)


def _plan_office(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    ip = rng.choice(office_ips(content.company, count=6))
    return follow_links(content, rng, ip=ip, headers=pick_desktop_headers(rng), delay=_OFFICE_DELAY)


def _plan_secure_web_gateway(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    ip = rng.pick_server(networks.SECURE_WEB_GATEWAY, server_count=20)
    return follow_links(content, rng, ip=ip, headers=browsers.chrome(pick_language(rng)), delay=_OFFICE_DELAY)


def _plan_safe_links(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Outlook's Safe Links may request a link at the moment of the click, before the person's browser does.
    for request in _plan_office(content, rng):
        if rng.happens_perturbed("Safe Links twin", 0.35):
            yield PlannedRequest(
                delay_s=max(0, request.delay_s - rng.uniform_perturbed("Safe Links lead", 0.2, 2)),
                link=request.link,
                ip=rng.pick_host(networks.MICROSOFT),
                headers=browsers.scripted_chrome(browsers.CHROME_VERSION - rng.randint(8, 31)),
                kind=ClickerKind.BOT,
            )
        yield request


HOME_ACTORS: Final = (
    Actor(name="person, iPhone", plan=_plan_iphone, share=34),
    Actor(name="person, desktop", plan=_plan_desktop, share=22),
    Actor(name="person, Android", plan=_plan_android, share=18),
    Actor(name="person, web mail", plan=_plan_webmail, share=14),
    Actor(name="person, Private Relay", plan=_plan_private_relay, share=4),
    Actor(name="person, double click", plan=_plan_double_clicker, share=3),
    Actor(name="person, opens tabs", plan=_plan_tab_opener, share=2),
    Actor(name="person, push notification", plan=_plan_push_notification, share=2),
    Actor(name="person, forwards", plan=_plan_forwarder, share=1),
)
WORK_ACTORS: Final = (
    Actor(name="person, office", plan=_plan_office, share=34),
    Actor(name="person, desktop", plan=_plan_desktop, share=20),
    Actor(name="person, iPhone", plan=_plan_iphone, share=18),
    Actor(name="person, Safe Links", plan=_plan_safe_links, share=12),
    Actor(name="person, security service", plan=_plan_secure_web_gateway, share=7),
    Actor(name="person, double click", plan=_plan_double_clicker, share=3),
    Actor(name="person, opens tabs", plan=_plan_tab_opener, share=3),
    Actor(name="person, forwards", plan=_plan_forwarder, share=3),
)
