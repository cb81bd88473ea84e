"""People whose browser looks like a scanner's in one thing or another."""

from collections.abc import Iterator, Mapping
from typing import Final

from bench.population.draws import Luck
from bench.population.plan import Actor, Letter, Request
from bench.population.reading import at_desk, follow, language, offices
from clicktrail.demo.population import browsers, networks

__all__ = ["AT_HOME", "AT_WORK"]

_DESK: Final = ("odd desktop delay", 7_000, 1.9)
_PHONE: Final = ("odd phone delay", 9_000, 1.8)
_OFFICE: Final = ("odd office delay", 1_200, 1.5)
_EXPLORER: Final = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
_APP: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
)


def _windows_7(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Chrome 109, the last for Windows 7."""
    headers = _without_zstd(browsers.chrome(language(luck), version=109))
    agent = headers["user-agent"].replace("Windows NT 10.0", "Windows NT 6.1")
    ip = luck.address(networks.HOMES)
    return follow(letter, luck, ip=ip, headers={**headers, "user-agent": agent}, delay=_DESK)


def _old_phone(letter: Letter, luck: Luck) -> Iterator[Request]:
    """An iPhone that gets no newer iOS: Safari sends no Sec-Fetch headers before 16.4."""
    version = luck.choice(("15.6", "15.6", "16.3", "16.6"))
    headers = browsers.safari(language(luck))
    agent = (
        headers["user-agent"].replace("Version/26.4", f"Version/{version}").replace("18_7", version.replace(".", "_"))
    )
    kept = {name: value for name, value in headers.items() if version == "16.6" or not name.startswith("sec-")}
    return follow(letter, luck, ip=luck.address(networks.HOMES), headers={**kept, "user-agent": agent}, delay=_PHONE)


def _in_app(letter: Letter, luck: Luck) -> Iterator[Request]:
    """The web view of a mail app on an iPhone: no word of Safari."""
    headers = {**browsers.safari(language(luck)), "user-agent": _APP}
    return follow(letter, luck, ip=luck.address(networks.MOBILE), headers=headers, delay=_PHONE)


def _linux(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Chromium on Linux: what headless scanners are made of, too."""
    headers = browsers.chrome(language(luck), version=browsers.CHROME - luck.choice((0, 1, 1, 3)))
    agent = headers["user-agent"].replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64")
    headers = {**headers, "user-agent": agent, "sec-ch-ua-platform": '"Linux"'}
    return follow(letter, luck, ip=luck.address(networks.HOMES), headers=headers, delay=_DESK)


def _explorer(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Edge in the mode for old pages, which is Internet Explorer."""
    headers = {
        "user-agent": _EXPLORER,
        "accept": "text/html, application/xhtml+xml, image/jxr, */*",
        "accept-language": language(luck).partition(",")[0],
        "accept-encoding": "gzip, deflate",
    }
    return follow(letter, luck, ip=luck.choice(offices(letter.company, of=3)), headers=headers, delay=_OFFICE)


def _long_support(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Firefox as companies install it: a year behind, on Windows 7 three."""
    newest = browsers.firefox(language(luck))
    version = luck.choice(("115", "140", "140", "153"))
    headers = {**newest, "user-agent": newest["user-agent"].replace("157.0", f"{version}.0")}
    if version == "115":
        headers = _without_zstd(headers)
    return follow(letter, luck, ip=luck.choice(offices(letter.company, of=4)), headers=headers, delay=_OFFICE)


def _inspected(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Behind a company's TLS proxy that takes away what it does not know."""
    headers = {name: value for name, value in at_desk(luck).items() if not name.startswith("sec-")}
    return follow(letter, luck, ip=luck.choice(offices(letter.company, of=2)), headers=headers, delay=_OFFICE)


AT_HOME: Final = (
    Actor(name="person, old iPhone", plan=_old_phone, share=6),
    Actor(name="person, app's web view", plan=_in_app, share=6),
    Actor(name="person, Windows 7", plan=_windows_7, share=3),
    Actor(name="person, Linux", plan=_linux, share=3),
)
AT_WORK: Final = (
    Actor(name="person, TLS proxy", plan=_inspected, share=7),
    Actor(name="person, ESR", plan=_long_support, share=7),
    Actor(name="person, Explorer", plan=_explorer, share=1),
)


def _without_zstd(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of a browser from before 2024."""
    kept = {name: value for name, value in headers.items() if name != "priority"}
    return {**kept, "accept-encoding": "gzip, deflate, br"}
