"""Rare kinds of people: their browser resembles a scanner's."""

from collections.abc import Iterator, Mapping
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, MessageContent, PlannedRequest
from bench.population.reading import follow_links, office_ips, pick_desktop_headers, pick_language
from clicktrail.demo.population import browsers, networks

_DESKTOP_DELAY: Final = ("odd desktop delay", 7_000, 1.9)
_PHONE_DELAY: Final = ("odd phone delay", 9_000, 1.8)
_OFFICE_DELAY: Final = ("odd office delay", 1_200, 1.5)
_INTERNET_EXPLORER_AGENT: Final = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
_IOS_WEBVIEW_AGENT: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
)


def _plan_windows_7(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Chrome 109 is the last version for Windows 7.
    headers = _without_zstd(browsers.chrome(pick_language(rng), version=109))
    user_agent = headers["user-agent"].replace("Windows NT 10.0", "Windows NT 6.1")
    ip = rng.pick_host(networks.RESIDENTIAL)
    return follow_links(content, rng, ip=ip, headers={**headers, "user-agent": user_agent}, delay=_DESKTOP_DELAY)


def _plan_old_phone(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Safari sends Sec-Fetch headers since version 16.4.
    version = rng.choice(("15.6", "15.6", "16.3", "16.6"))
    headers = browsers.safari(pick_language(rng))
    user_agent = (
        headers["user-agent"].replace("Version/26.4", f"Version/{version}").replace("18_7", version.replace(".", "_"))
    )
    sent_headers = {name: value for name, value in headers.items() if version == "16.6" or not name.startswith("sec-")}
    return follow_links(
        content,
        rng,
        ip=rng.pick_host(networks.RESIDENTIAL),
        headers={**sent_headers, "user-agent": user_agent},
        delay=_PHONE_DELAY,
    )


def _plan_ios_webview(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # A web view's User-Agent does not contain "Safari".
    headers = {**browsers.safari(pick_language(rng)), "user-agent": _IOS_WEBVIEW_AGENT}
    return follow_links(content, rng, ip=rng.pick_host(networks.MOBILE), headers=headers, delay=_PHONE_DELAY)


def _plan_linux_chromium(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Headless scanners also run Chromium on Linux.
    headers = browsers.chrome(pick_language(rng), version=browsers.CHROME_VERSION - rng.choice((0, 1, 1, 3)))
    user_agent = headers["user-agent"].replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64")
    headers = {**headers, "user-agent": user_agent, "sec-ch-ua-platform": '"Linux"'}
    return follow_links(content, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=headers, delay=_DESKTOP_DELAY)


def _plan_internet_explorer(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Edge in Internet Explorer mode.
    headers = {
        "user-agent": _INTERNET_EXPLORER_AGENT,
        "accept": "text/html, application/xhtml+xml, image/jxr, */*",
        "accept-language": pick_language(rng).partition(",")[0],
        "accept-encoding": "gzip, deflate",
    }
    return follow_links(
        content, rng, ip=rng.choice(office_ips(content.company, count=3)), headers=headers, delay=_OFFICE_DELAY
    )


def _plan_firefox_esr(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Extended Support Release: up to a year behind, on Windows 7 three.
    current_headers = browsers.firefox(pick_language(rng))
    version = rng.choice(("115", "140", "140", "153"))
    headers = {**current_headers, "user-agent": current_headers["user-agent"].replace("157.0", f"{version}.0")}
    if version == "115":
        headers = _without_zstd(headers)
    return follow_links(
        content, rng, ip=rng.choice(office_ips(content.company, count=4)), headers=headers, delay=_OFFICE_DELAY
    )


def _plan_tls_proxy(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # A company's TLS proxy removes headers that it does not know.
    headers = {name: value for name, value in pick_desktop_headers(rng).items() if not name.startswith("sec-")}
    return follow_links(
        content, rng, ip=rng.choice(office_ips(content.company, count=2)), headers=headers, delay=_OFFICE_DELAY
    )


HOME_ACTORS: Final = (
    Actor(name="person, old iPhone", plan=_plan_old_phone, share=6),
    Actor(name="person, app's web view", plan=_plan_ios_webview, share=6),
    Actor(name="person, Windows 7", plan=_plan_windows_7, share=3),
    Actor(name="person, Linux", plan=_plan_linux_chromium, share=3),
)
WORK_ACTORS: Final = (
    Actor(name="person, TLS proxy", plan=_plan_tls_proxy, share=7),
    Actor(name="person, Firefox ESR", plan=_plan_firefox_esr, share=7),
    Actor(name="person, Internet Explorer", plan=_plan_internet_explorer, share=1),
)


def _without_zstd(headers: Mapping[str, str]) -> dict[str, str]:
    # as browsers before 2024
    sent_headers = {name: value for name, value in headers.items() if name != "priority"}
    return {**sent_headers, "accept-encoding": "gzip, deflate, br"}
