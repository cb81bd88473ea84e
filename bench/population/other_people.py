"""People whose clicks look like a machine's in one thing or another (bots.md section 6)."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from bench.population import networks
from bench.population.luck import Luck
from bench.population.reading import at_desk, follow, language, look, offices
from bench.population.request import Actor, Kind, Letter, Request
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as usual

__all__ = ["AT_HOME", "AT_ONCE", "AT_WORK"]

_DESK: Final = ("other desktop delay", 7_000, 1.9)
_OFFICE: Final = ("other office delay", 1_200, 1.5)
_SOON: Final = ("soon", 90, 1.0)


def _at_once(letter: Letter, luck: Luck) -> Iterator[Request]:
    """With all colleagues, within two minutes, from one address: somebody said in a meeting "look at your mail"."""
    at = Luck(0, f"meeting of {letter.company} {letter.campaign}").waiting("meeting", 1_200, 1) + luck.uniform(0, 120)
    ip, headers = offices(letter.company, of=1)[0], at_desk(luck)
    yield look(Request(at=at, link=luck.choice(letter.inviting), ip=ip, headers=headers, kind=Kind.HUMAN), luck)


def _tester(letter: Letter, luck: Luck) -> Iterator[Request]:
    """A marketer who tries every link soon after sending."""
    ip, headers = luck.choice(offices(letter.company, of=2)), at_desk(luck)
    at = luck.between("tester delay", 40, 900)
    for link in letter.every:
        yield look(Request(at=at, link=link, ip=ip, headers=headers, kind=Kind.HUMAN), luck)
        at += luck.between("tester gap", 1.5, 8)


def _windows_7(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Chrome 109, the last for Windows 7."""
    headers = _without_zstd(browsers.chrome(language(luck), version=109))
    agent = headers["user-agent"].replace("Windows NT 10.0", "Windows NT 6.1")
    ip = luck.address(usual.HOMES)
    return follow(letter, luck, ip=ip, headers={**headers, "user-agent": agent}, delay=_DESK)


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


def _azure_desktop(letter: Letter, luck: Luck) -> Iterator[Request]:
    """At a Windows desktop that runs at Microsoft's."""
    headers = browsers.edge(language(luck))
    return follow(letter, luck, ip=luck.address(networks.AZURE), headers=headers, delay=_OFFICE)


def _hosted_desktop(letter: Letter, luck: Luck) -> Iterator[Request]:
    """At a desktop in a data centre, as whole firms rent them: a browser that is brought up to date now and then."""
    host = Luck(0, f"desktops of {letter.company}").machine(networks.HOSTED, of=9)
    headers = browsers.chrome(language(luck), version=browsers.CHROME - luck.choice((0, 0, 1, 2, 4)))
    return follow(letter, luck, ip=host, headers=headers, delay=_OFFICE)


def _vpn(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Behind a VPN that many use."""
    return follow(letter, luck, ip=luck.machine(networks.VPN_EXITS, of=30), headers=at_desk(luck), delay=_DESK)


def _security_service(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Browses through a security service that looks like the vendor of a scanner."""
    ip = luck.machine(networks.SECURITY_SERVICE, of=10)
    return follow(letter, luck, ip=ip, headers=browsers.edge(language(luck)), delay=_OFFICE)


def _isolated(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Sees the page as a picture of what a browser at the scanner's maker opens."""
    ip = luck.machine(networks.ISOLATION, of=20)
    return follow(letter, luck, ip=ip, headers=browsers.chrome("en-US,en;q=0.9"), delay=_OFFICE)


def _rotating(letter: Letter, luck: Luck) -> Iterator[Request]:
    """An address of its own for every click, in one home's network (RFC 8981)."""
    home = ipaddress.ip_network((luck.address(("2003:ea::/32", "2a00:23c7::/32")), 64), strict=False)
    for request in follow(letter, luck, ip="", headers=at_desk(luck), delay=_DESK):
        yield replace(request, ip=str(home[luck.getrandbits(64)]))


def _on_the_way(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Leaves the house: the first click by Wi-Fi, the others by mobile network."""
    street = luck.address(usual.MOBILE)
    requests = follow(letter, luck, ip=luck.address(usual.HOMES), headers=browsers.safari(language(luck)), delay=_DESK)
    for number, request in enumerate(requests):
        yield replace(request, ip=street) if number else request


def _pasting(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Copies a link with the full stop behind it, is told that there is nothing, and clicks."""
    for request in follow(letter, luck, ip=luck.address(usual.HOMES), headers=at_desk(luck), delay=_DESK):
        yield replace(request, damaged=True)
        yield look(request.later(luck.between("pasting again", 4, 30)), luck)


def _prompt(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Waits for this message: a code, an invitation."""
    return follow(letter, luck, ip=luck.address(usual.HOMES), headers=at_desk(luck), delay=_SOON)


def _old_phone(letter: Letter, luck: Luck) -> Iterator[Request]:
    """An iPhone that gets no newer iOS: Safari sends no Sec-Fetch headers before 16.4."""
    version = luck.choice(("15.6", "15.6", "16.3", "16.6"))
    headers = browsers.safari(language(luck))
    agent = (
        headers["user-agent"].replace("Version/26.4", f"Version/{version}").replace("18_7", version.replace(".", "_"))
    )
    kept = {name: value for name, value in headers.items() if version == "16.6" or not name.startswith("sec-")}
    return follow(letter, luck, ip=luck.address(usual.HOMES), headers={**kept, "user-agent": agent}, delay=_DESK)


def _crowded(letter: Letter, luck: Luck) -> Iterator[Request]:
    """One of thousands behind the same few addresses of a mobile carrier (RFC 6888)."""
    ip = luck.machine(usual.MOBILE[:2], of=3)
    return follow(letter, luck, ip=ip, headers=browsers.mobile_chrome(language(luck)), delay=_DESK)


def _linux(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Chromium on Linux: what headless scanners are made of, too."""
    headers = browsers.chrome(language(luck), version=browsers.CHROME - luck.choice((0, 1, 1, 3)))
    agent = headers["user-agent"].replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64")
    headers = {**headers, "user-agent": agent, "sec-ch-ua-platform": '"Linux"'}
    return follow(letter, luck, ip=luck.address(usual.HOMES), headers=headers, delay=_DESK)


AT_HOME: Final = (
    Actor(name="person, VPN", plan=_vpn, share=10),
    Actor(name="person, waits for it", plan=_prompt, share=9),
    Actor(name="person, IPv6 privacy", plan=_rotating, share=8),
    Actor(name="person, on the way", plan=_on_the_way, share=8),
    Actor(name="person, carrier's NAT", plan=_crowded, share=8),
    Actor(name="person, old iPhone", plan=_old_phone, share=6),
    Actor(name="person, Windows 7", plan=_windows_7, share=3),
    Actor(name="person, Linux", plan=_linux, share=3),
    Actor(name="person, pastes", plan=_pasting, share=3),
)
AT_WORK: Final = (
    Actor(name="person, TLS proxy", plan=_inspected, share=7),
    Actor(name="person, ESR", plan=_long_support, share=7),
    Actor(name="person, Azure desktop", plan=_azure_desktop, share=5),
    Actor(name="person, Umbrella", plan=_security_service, share=5),
    Actor(name="person, hosted desktop", plan=_hosted_desktop, share=4),
    Actor(name="person, tests links", plan=_tester, share=3),
    Actor(name="person, isolation", plan=_isolated, share=1),
)
AT_ONCE: Final = Actor(name="person, all at once", plan=_at_once)


def _without_zstd(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of a browser from before 2024."""
    kept = {name: value for name, value in headers.items() if name != "priority"}
    return {**kept, "accept-encoding": "gzip, deflate, br"}
