"""People who click as scanners do, or beside one, or with many others."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population.draws import Luck
from bench.population.plan import Actor, Kind, Letter, Page, Request
from bench.population.reading import at_desk, follow, language, look, offices
from bench.population.scanners import posing
from clicktrail.demo.population import browsers, networks

__all__ = ["AT_HOME", "AT_ONCE", "AT_WORK"]

_DESK: Final = ("odd desktop delay", 7_000, 1.9)
_OFFICE: Final = ("odd office delay", 1_200, 1.5)
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


def _passed_around(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Puts a link into a chat: many follow the same one within minutes, at the office, at home, on the train."""
    office = offices(letter.company, of=4)
    first = next(follow(letter, luck, ip=luck.choice(office), headers=at_desk(luck), delay=_OFFICE))
    yield first
    for _ in range(luck.randint(3, 15)):
        after = replace(first.later(luck.waiting("passed around", 120, 1)), page=Page.UNSEEN)
        if luck.happens(0.6):
            after = replace(after, ip=luck.choice(office), headers=at_desk(luck))
        else:
            ip = luck.address(networks.HOMES + networks.MOBILE)
            after = replace(after, ip=ip, headers=browsers.safari(language(luck)))
        yield look(after, luck)


def _shared_mailbox(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Several people read the mail to one address."""
    for _ in range(luck.randint(2, 6)):
        ip = luck.choice(offices(letter.company, of=4))
        yield from follow(letter, luck, ip=ip, headers=at_desk(luck), delay=_OFFICE)


def _checked(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Has an antivirus program that sends what its user follows to its maker, who looks as well, seconds after."""
    for request in follow(letter, luck, ip=luck.address(networks.HOMES), headers=at_desk(luck), delay=_DESK):
        yield request
        yield replace(
            request.later(luck.between("antivirus lag", 1, 15)),
            ip=luck.address(networks.AMAZON),
            headers=posing(luck),
            kind=Kind.BOT,
            page=Page.UNSEEN,
        )


def _reloading(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Finds the page slow, and asks for it again and again."""
    headers = browsers.safari(language(luck))
    for request in follow(letter, luck, ip=luck.address(networks.MOBILE), headers=headers, delay=_DESK):
        patience, times = luck.between("patience", 1, 5), luck.randint(1, 5)
        for number in range(times):
            yield replace(request.later(number * patience), page=Page.UNSEEN)
        yield request.later(times * patience)


def _pasting(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Copies a link with the full stop behind it, is told that there is nothing, and clicks."""
    for request in follow(letter, luck, ip=luck.address(networks.HOMES), headers=at_desk(luck), delay=_DESK):
        yield replace(request, damaged=True)
        yield look(request.later(luck.between("pasting again", 4, 30)), luck)


def _prompt(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Waits for this message: a code, an invitation."""
    return follow(letter, luck, ip=luck.address(networks.HOMES), headers=at_desk(luck), delay=_SOON)


AT_HOME: Final = (
    Actor(name="person, waits for it", plan=_prompt, share=9),
    Actor(name="person, antivirus", plan=_checked, share=5),
    Actor(name="person, reloads", plan=_reloading, share=4),
    Actor(name="person, pastes", plan=_pasting, share=3),
)
AT_WORK: Final = (
    Actor(name="person, tests links", plan=_tester, share=3),
    Actor(name="person, passes it on", plan=_passed_around, share=3),
    Actor(name="person, shared mailbox", plan=_shared_mailbox, share=3),
)
AT_ONCE: Final = Actor(name="person, all at once", plan=_at_once)
