"""People who look like scanners, each as the field knows them: none is a bot.

Most of them have a name among the questions of those who sell filters: the tab opener, the office behind one address.
"""

import pytest
from msgspec.structs import replace

from clicktrail.demo.population import browsers
from clicktrail.judge import judge
from clicktrail.judge.address_activity import AddressClick
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.verdict import Verdict
from tests.support.events import AZURE_IP, CONTEXT, HOME_IP, click, delivered, engagement, noon_plus, sent, timeline

LANGUAGE = "en-GB,en;q=0.9"
ZSCALER, RELAY = "165.225.0.1", "104.28.1.1"


def by(headers: browsers.Headers, one: Click, *, without: str = "none of them") -> Click:
    """A click with a browser's headers, but those of a prefix that something on the way took out."""
    kept = {name: value for name, value in headers.items() if name != "user-agent" and not name.startswith(without)}
    return replace(one, user_agent=headers["user-agent"], headers=kept, https=True, recipient="ann@example.com")


def verdicts(*events: AnyEvent, nearby: list[AddressClick] | None = None) -> dict[str, Verdict]:
    """Verdicts by click id, in a message of eight links."""
    told = timeline(sent(links=8), delivered(2), *events)
    return {judged.click.id: judged.verdict for judged in judge(told, CONTEXT, nearby or ())}


def tabs(*gaps: float, ip: str = HOME_IP, begin: float = 3_600) -> list[Click]:
    """One person's clicks on one link after the other."""
    moments = [begin + sum(gaps[:number]) for number in range(len(gaps) + 1)]
    return [by(browsers.chrome(LANGUAGE), click(at, link=link, ip=ip)) for link, at in enumerate(moments)]


def colleagues(
    number: int, *, ip: str = HOME_IP, domains: int = 1, gap: float = 2, agents: int = 6
) -> list[AddressClick]:
    """Other people's clicks from the same address, with so many browsers among them."""
    return [
        AddressClick(
            at=noon_plus(3_600 + gap * each),
            ip=ip,
            message_id=f"m-{each}",
            recipient=f"p{each}@{'abcdefgh'[each % domains]}.example",
            user_agent_hash=each % agents + 1,
        )
        for each in range(number)
    ]


PEOPLE = {
    "opens four links in tabs, as fast as tabs open": (tabs(0.7, 0.7, 0.7), []),
    "opens all eight links in tabs": (tabs(0.8, 2, 1.5, 4, 0.7, 3, 1), []),
    "clicks twice": (tabs(0.1), []),
    "reads in a company with one address": (tabs(), colleagues(30)),
    "reads at a provider with one address for a family": (tabs(), colleagues(3, domains=3, gap=15)),
    "reads on a phone behind a carrier's address": (
        [by(browsers.mobile_chrome(LANGUAGE), click(3_600))],
        colleagues(40, domains=8),
    ),
    "reads behind a security service": (tabs(ip=ZSCALER), colleagues(40, ip=ZSCALER, domains=8)),
    "reads behind a private relay": (tabs(ip=RELAY), colleagues(40, ip=RELAY, domains=8)),
    "taps the notification": ([by(browsers.safari(LANGUAGE), click(6))], []),
    "reads in a company whose proxy takes Sec- out": (
        [by(browsers.chrome(LANGUAGE), click(3_600), without="sec-")],
        [],
    ),
    "has Windows 7": (
        [by({**browsers.chrome(LANGUAGE, version=109), "accept-encoding": "gzip, deflate, br"}, click(3_600))],
        [],
    ),
    "has a Chrome that is two years old": ([by(browsers.chrome(LANGUAGE, version=130), click(3_600))], []),
    "reads in an app on Android": ([by(browsers.webview(LANGUAGE), click(3_600))], []),
    "tests all links of the message before it goes out to others": (tabs(2, 2, 2, 2, 2, 2, 2, begin=300), []),
    "has an address of another provider each minute": (
        [
            by(browsers.safari(LANGUAGE), click(3_600 + 45 * link, link=link, ip=f"2001:db8:{link}::1"))
            for link in range(4)
        ],
        [],
    ),
    "was forwarded the message, an hour later": (
        [*tabs(begin=3_600), by(browsers.firefox(LANGUAGE), click(7_200, ip="198.51.100.9", id="friend"))],
        [],
    ),
}


@pytest.mark.parametrize("person", PEOPLE)
def test_people_are_human(person: str) -> None:
    clicks, nearby = PEOPLE[person]
    assert {Verdict.HUMAN} == set(verdicts(*clicks, nearby=nearby).values())


@pytest.mark.parametrize("minutes", [6, 60])
def test_remote_desktop_is_no_bot(minutes: float) -> None:
    remote = by(browsers.edge(LANGUAGE), click(60 * minutes, ip=AZURE_IP, id="c"))
    nearby = [replace_at(visit, 60 * minutes) for visit in colleagues(1, ip=AZURE_IP)]
    assert [{"c": Verdict.SUSPECTED}, {"c": Verdict.HUMAN}] == [
        verdicts(remote, nearby=nearby),
        verdicts(remote, engagement("c"), nearby=nearby),
    ]


def replace_at(visit: AddressClick, seconds: float) -> AddressClick:
    """The same visit at another time."""
    return AddressClick(at=noon_plus(seconds), ip=visit.ip, message_id=visit.message_id, recipient=visit.recipient)


def test_safe_links_pair() -> None:
    person = by(browsers.edge(LANGUAGE), click(5_000, id="person"))
    scanner = by(browsers.scripted_chrome(120), click(4_999, ip=AZURE_IP, id="scanner"))
    assert {"person": Verdict.HUMAN, "scanner": Verdict.BOT} == verdicts(person, scanner)


def test_person_within_a_sweep() -> None:
    sweep = [by(browsers.scripted_chrome(120), click(43 + 0.1 * link, link=link, ip=AZURE_IP)) for link in range(8)]
    person = by(browsers.safari(LANGUAGE), click(43.4, link=3, id="person"))
    found = verdicts(*sweep, person)
    assert (Verdict.HUMAN, {Verdict.BOT}) == (found.pop("person"), set(found.values()))


def test_person_beside_the_companys_own_scanner() -> None:
    scanner = by(browsers.spoofed_chrome(140, sends_language=True), click(20))
    links = [replace(scanner, id=f"s-{link}", at=noon_plus(20 + 0.3 * link), link=link) for link in range(8)]
    trap = replace(links[0], id="s-trap", link=8, trap=True)
    person = by(browsers.edge(LANGUAGE), click(60, link=2, id="person"))
    damaged = AddressClick.from_click(replace(scanner, at=noon_plus(59), message_id="", tampered=True))
    found = verdicts(*links, trap, person, nearby=[damaged])
    assert (Verdict.HUMAN, {Verdict.BOT}) == (found.pop("person"), set(found.values()))


def test_person_between_two_requests_of_a_scanner() -> None:
    scanner = [
        by(browsers.scripted_chrome(155), click(at, link=link, ip=AZURE_IP)) for link, at in ((1, 43.1), (2, 43.6))
    ]
    person = by(browsers.edge(LANGUAGE), click(43.3, id="person"))
    assert Verdict.HUMAN is verdicts(*scanner, person)["person"]


def test_message_of_one_link() -> None:
    told = timeline(sent(links=1), delivered(2), *tabs())
    assert [Verdict.HUMAN] == [judged.verdict for judged in judge(told, CONTEXT)]


def test_everyone_behind_our_own_proxy() -> None:
    clicks = tabs(ip="10.0.0.1")
    damaged = AddressClick(at=noon_plus(3_600), ip="10.0.0.1", message_id="", recipient="", tampered=True)
    nearby = [*colleagues(40, ip="10.0.0.1", domains=8), damaged]
    assert {Verdict.HUMAN} == set(verdicts(*clicks, nearby=nearby).values())
