"""People who look like scanners: none of them may be judged a bot."""

import pytest
from msgspec.structs import replace

from clicktrail.demo.population import browsers
from clicktrail.judge import judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.verdict import Verdict
from tests.support.events import AZURE_IP, CONTEXT, HOME_IP, click, delivered, engagement, noon_plus, sent, timeline

LANGUAGE = "en-GB,en;q=0.9"
ZSCALER, RELAY = "165.225.0.1", "104.28.1.1"


def request(headers: browsers.Headers, click_: Click, *, without: str = "") -> Click:
    """A click with a browser's headers, without those that a proxy removed by their prefix."""
    headers_sent = {
        name: value
        for name, value in headers.items()
        if name != "user-agent" and not (without and name.startswith(without))
    }
    return replace(
        click_, user_agent=headers["user-agent"], headers=headers_sent, https=True, recipient="ann@example.com"
    )


def verdicts(*events: AnyEvent, address_clicks: list[AddressClick] | None = None) -> dict[str, Verdict]:
    """Verdicts by click id, in a message of eight links."""
    message = timeline(sent(links=8), delivered(2), *events)
    return {judged.click.id: judged.verdict for judged in judge(message, CONTEXT, address_clicks or ())}


def tabs(*gaps: float, ip: str = HOME_IP, start: float = 3_600) -> list[Click]:
    """One person's clicks on all links in order, this many seconds apart."""
    times = [start + sum(gaps[:number]) for number in range(len(gaps) + 1)]
    return [request(browsers.chrome(LANGUAGE), click(at, link=link, ip=ip)) for link, at in enumerate(times)]


def colleagues(
    count: int, *, ip: str = HOME_IP, domains: int = 1, gap: float = 2, agents: int = 6
) -> list[AddressClick]:
    """Other people's clicks from the same address, with this many different User-Agents."""
    return [
        AddressClick(
            at=noon_plus(3_600 + gap * number),
            ip=ip,
            message_id=f"m-{number}",
            recipient=f"p{number}@{'abcdefgh'[number % domains]}.example",
            user_agent_hash=number % agents + 1,
        )
        for number in range(count)
    ]


PEOPLE = {
    "opens four links in tabs, as fast as tabs open": (tabs(0.7, 0.7, 0.7), []),
    "opens all eight links in tabs": (tabs(0.8, 2, 1.5, 4, 0.7, 3, 1), []),
    "clicks twice": (tabs(0.1), []),
    "reads in a company with one address": (tabs(), colleagues(30)),
    "reads at a provider with one address for a family": (tabs(), colleagues(3, domains=3, gap=15)),
    "reads on a phone behind a carrier's address": (
        [request(browsers.mobile_chrome(LANGUAGE), click(3_600))],
        colleagues(40, domains=8),
    ),
    "reads behind a security service": (tabs(ip=ZSCALER), colleagues(40, ip=ZSCALER, domains=8)),
    "reads behind a private relay": (tabs(ip=RELAY), colleagues(40, ip=RELAY, domains=8)),
    "taps the notification": ([request(browsers.safari(LANGUAGE), click(6))], []),
    "reads in a company whose proxy removes Sec- headers": (
        [request(browsers.chrome(LANGUAGE), click(3_600), without="sec-")],
        [],
    ),
    "has Windows 7": (
        [request({**browsers.chrome(LANGUAGE, version=109), "accept-encoding": "gzip, deflate, br"}, click(3_600))],
        [],
    ),
    "has a Chrome that is two years old": ([request(browsers.chrome(LANGUAGE, version=130), click(3_600))], []),
    "reads in an app on Android": ([request(browsers.webview(LANGUAGE), click(3_600))], []),
    "tests all links of the message before it goes out to others": (tabs(2, 2, 2, 2, 2, 2, 2, start=300), []),
    "has an address of another provider each minute": (
        [
            request(browsers.safari(LANGUAGE), click(3_600 + 45 * link, link=link, ip=f"2001:db8:{link}::1"))
            for link in range(4)
        ],
        [],
    ),
    "was forwarded the message, an hour later": (
        [*tabs(start=3_600), request(browsers.firefox(LANGUAGE), click(7_200, ip="198.51.100.9", id="friend"))],
        [],
    ),
}


@pytest.mark.parametrize("person", PEOPLE)
def test_person_is_human(person: str) -> None:
    clicks, address_clicks = PEOPLE[person]
    assert set(verdicts(*clicks, address_clicks=address_clicks).values()) == {Verdict.HUMAN}


@pytest.mark.parametrize("minutes", [6, 60])
def test_remote_desktop_is_not_a_bot(minutes: float) -> None:
    remote_click = request(browsers.edge(LANGUAGE), click(60 * minutes, ip=AZURE_IP, id="c"))
    address_clicks = [move_to(address_click, 60 * minutes) for address_click in colleagues(1, ip=AZURE_IP)]
    assert [
        verdicts(remote_click, address_clicks=address_clicks),
        verdicts(remote_click, engagement("c"), address_clicks=address_clicks),
    ] == [{"c": Verdict.SUSPECTED}, {"c": Verdict.HUMAN}]


def move_to(address_click: AddressClick, seconds: float) -> AddressClick:
    """The same click at another time."""
    return AddressClick(
        at=noon_plus(seconds),
        ip=address_click.ip,
        message_id=address_click.message_id,
        recipient=address_click.recipient,
    )


def test_safe_links_scan_at_time_of_click() -> None:
    person = request(browsers.edge(LANGUAGE), click(5_000, id="person"))
    scanner = request(browsers.scripted_chrome(120), click(4_999, ip=AZURE_IP, id="scanner"))
    assert verdicts(person, scanner) == {"person": Verdict.HUMAN, "scanner": Verdict.BOT}


def test_person_clicks_during_a_burst() -> None:
    burst = [
        request(browsers.scripted_chrome(120), click(43 + 0.1 * link, link=link, ip=AZURE_IP)) for link in range(8)
    ]
    person = request(browsers.safari(LANGUAGE), click(43.4, link=3, id="person"))
    verdict_by_id = verdicts(*burst, person)
    assert (verdict_by_id.pop("person"), set(verdict_by_id.values())) == (Verdict.HUMAN, {Verdict.BOT})


def test_person_at_the_same_address_as_a_scanner() -> None:
    scanner = request(browsers.spoofed_chrome(140, sends_language=True), click(20))
    links = [replace(scanner, id=f"s-{link}", at=noon_plus(20 + 0.3 * link), link=link) for link in range(8)]
    trap = replace(links[0], id="s-trap", link=8, trap=True)
    person = request(browsers.edge(LANGUAGE), click(60, link=2, id="person"))
    tampered = AddressClick.from_click(replace(scanner, at=noon_plus(59), message_id="", tampered=True))
    verdict_by_id = verdicts(*links, trap, person, address_clicks=[tampered])
    assert (verdict_by_id.pop("person"), set(verdict_by_id.values())) == (Verdict.HUMAN, {Verdict.BOT})


def test_person_between_two_requests_of_a_scanner() -> None:
    scanner = [
        request(browsers.scripted_chrome(155), click(at, link=link, ip=AZURE_IP)) for link, at in ((1, 43.1), (2, 43.6))
    ]
    person = request(browsers.edge(LANGUAGE), click(43.3, id="person"))
    assert verdicts(*scanner, person)["person"] is Verdict.HUMAN


def test_message_of_one_link() -> None:
    message = timeline(sent(links=1), delivered(2), *tabs())
    assert [judged.verdict for judged in judge(message, CONTEXT)] == [Verdict.HUMAN]


def test_people_behind_the_senders_own_proxy() -> None:
    clicks = tabs(ip="10.0.0.1")
    tampered = AddressClick(at=noon_plus(3_600), ip="10.0.0.1", message_id="", recipient="", tampered=True)
    address_clicks = [*colleagues(40, ip="10.0.0.1", domains=8), tampered]
    assert set(verdicts(*clicks, address_clicks=address_clicks).values()) == {Verdict.HUMAN}
