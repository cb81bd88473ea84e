"""Scanners that are rarer, or that less is known of: one log, one report or one conversation each."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population import networks
from bench.population.draws import Luck
from bench.population.plan import Actor, Kind, Letter, Page, Request
from bench.population.reading import offices
from bench.population.scanners import pace, posing, sweep
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as usual
from clicktrail.demo.population.browsers import CHROME

__all__ = ["SCANNERS", "STRAYS"]


def _trend_micro(letter: Letter, luck: Luck) -> Iterator[Request]:
    """All links within milliseconds, tens of seconds after delivery (MillionSend issue 22)."""
    ip = luck.machine(usual.TRENDMICRO + usual.AMAZON, of=3)
    headers = browsers.scripted_chrome(CHROME - luck.randint(0, 6))
    return sweep(
        letter.every,
        pace(luck, "trend micro gap", start=luck.between("trend micro delay", 20, 180), gap=(0.001, 0.006)),
        ip=ip,
        headers=headers,
    )


def _gateway(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Follows every link before it lets the message in."""
    ip, start = luck.machine(usual.GATEWAY, of=2), -luck.between("gateway delay", 0.2, 3)
    return sweep(letter.every, pace(luck, "gateway gap", start=start, gap=(0, 0.3)), ip=ip, headers=posing(luck))


def _sandbox(letter: Letter, luck: Luck) -> Iterator[Request]:
    """A current browser on rented computers, link by link, that runs scripts and touches nothing."""
    headers = browsers.chrome("en-US,en;q=0.9", version=CHROME - luck.randint(0, 3))
    for link in letter.every:
        ip, at = luck.address(networks.SANDBOX), luck.waiting("sandbox delay", 120, 1)
        yield Request(at=at, link=link, ip=ip, headers=headers, kind=Kind.BOT, page=Page.LOADED)


def _appliance(letter: Letter, luck: Luck) -> Iterator[Request]:
    """In the company's own rooms: it comes from the address that the company's people come from (FortiMail)."""
    ip = offices(letter.company, of=6)[0]
    return sweep(
        letter.every,
        pace(luck, "appliance gap", start=luck.between("appliance delay", 1, 40), gap=(0.02, 0.5)),
        ip=ip,
        headers=posing(luck),
    )


def _again(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Looks again hours after: Defender's automated investigation."""
    ip, headers = luck.address(usual.MICROSOFT), browsers.scripted_chrome(CHROME - luck.randint(4, 20))
    start = luck.waiting("again delay", 14_000, 0.6)
    return sweep(letter.every, pace(luck, "again gap", start=start, gap=(0.05, 0.9)), ip=ip, headers=headers)


def _consumer_mailbox(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Outlook.com: one link, one visit, from Microsoft (orita.ai)."""
    ip, link = luck.address(usual.MICROSOFT), luck.choice(letter.every)
    headers = browsers.chrome("en-US,en;q=0.9", version=CHROME - luck.randint(0, 10))
    yield Request(
        at=luck.waiting("consumer mailbox delay", 60, 1),
        link=link,
        ip=ip,
        headers=headers,
        kind=Kind.BOT,
        page=Page.LOADED,
    )


def _scrambler(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Damages the link, then follows it from elsewhere under another name (mautic issue 9798)."""
    for link in letter.every:
        at = luck.between("scrambler delay", 5, 300)
        probe = Request(
            at=at, link=link, ip=luck.address(usual.PROOFPOINT), headers=posing(luck), kind=Kind.BOT, damaged=True
        )
        yield probe
        headers = browsers.scripted_chrome(CHROME - luck.randint(0, 12))
        yield replace(
            probe,
            at=at + luck.between("scrambler gap", 0.2, 4),
            ip=luck.address(usual.AMAZON),
            headers=headers,
            damaged=False,
        )


def _handy(letter: Letter, luck: Luck) -> Iterator[Request]:
    """A sandbox that moves the mouse and fills in forms, by the browser's own means: the page takes it for a person."""
    ip, headers = luck.address(networks.SANDBOX), browsers.chrome("en-US,en;q=0.9", version=CHROME - luck.randint(0, 3))
    times = pace(luck, "handy gap", start=luck.waiting("handy delay", 200, 1), gap=(3, 20))
    for request in sweep(letter.every[:4], times, ip=ip, headers=headers):
        yield replace(request, page=Page.ENGAGED)


def _small_hoster(letter: Letter, luck: Luck) -> Iterator[Request]:
    """On computers of a hoster that few know, without haste."""
    ip, headers = luck.machine(networks.SMALL_HOSTERS, of=5), browsers.scripted_chrome(CHROME - luck.randint(0, 9))
    times = pace(luck, "small hoster gap", start=luck.waiting("small hoster delay", 90, 1), gap=(1, 6))
    return sweep(letter.every, times, ip=ip, headers=headers)


def _one_from_cloud(letter: Letter, luck: Luck) -> Iterator[Request]:
    """One link by a stripped program on a rented computer, minutes after."""
    ip = luck.machine(usual.DATACENTRE, of=6)
    yield Request(
        at=luck.waiting("one from cloud delay", 240, 1.2),
        link=luck.choice(letter.every),
        ip=ip,
        headers=posing(luck),
        kind=Kind.BOT,
    )


def _google(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Says what it is."""
    agent = "Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)"
    ip = luck.address(("66.249.64.0/19",))
    return sweep(
        letter.every[:1],
        pace(luck, "google gap", start=luck.between("google delay", 2, 60), gap=(0, 0)),
        ip=ip,
        headers=browsers.library(agent),
    )


def _assistant(letter: Letter, luck: Luck) -> Iterator[Request]:
    """An assistant that reads the mail for its owner, and says so."""
    agent = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot"
    ip, headers = luck.address(networks.AZURE), browsers.library(agent)
    return sweep(
        letter.every[:2],
        pace(luck, "assistant gap", start=luck.waiting("assistant delay", 900, 1), gap=(0.3, 2)),
        ip=ip,
        headers=headers,
    )


def _at_home(letter: Letter, luck: Luck) -> Iterator[Request]:
    """From a home line, once, under a current browser's headers (resend-node issue 901): nothing gives it away."""
    yield Request(
        at=luck.waiting("at home delay", 3_000, 1.5),
        link=luck.choice(letter.inviting),
        ip=luck.address(usual.RESIDENTIAL_SCANNER + usual.HOMES),
        headers=browsers.chrome("en-US,en;q=0.9"),
        kind=Kind.BOT,
    )


def _web_view(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Crawls the message's copy on the web, days after, without haste and without a name."""
    ip, headers = luck.address(usual.DATACENTRE), browsers.scripted_chrome(CHROME - luck.randint(1, 9))
    start = luck.waiting("web view delay", 150_000, 0.8)
    return sweep(letter.every, pace(luck, "web view gap", start=start, gap=(5, 60)), ip=ip, headers=headers)


SCANNERS: Final = (
    Actor(name="Trend Micro, at once", plan=_trend_micro, share=14),
    Actor(name="rented sandbox", plan=_sandbox, share=12),
    Actor(name="gateway, at delivery", plan=_gateway, share=12),
    Actor(name="appliance in the office", plan=_appliance, share=12),
    Actor(name="Outlook.com, one link", plan=_consumer_mailbox, share=12),
    Actor(name="Defender, hours after", plan=_again, share=12),
    Actor(name="scrambler", plan=_scrambler, share=12),
    Actor(name="small hoster", plan=_small_hoster, share=8),
    Actor(name="sandbox with hands", plan=_handy, share=3),
    Actor(name="one link, from a cloud", plan=_one_from_cloud, share=8),
    Actor(name="Google, by name", plan=_google, share=6),
)
STRAYS: Final = (
    Actor(name="scanner on a home line", plan=_at_home, share=1),
    Actor(name="crawler of the web view", plan=_web_view, share=1),
    Actor(name="assistant, by name", plan=_assistant, share=1),
)
