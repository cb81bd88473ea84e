"""Logs of the same kinds as those of ``cases/judge``: other vendors, clouds, agents and orders of events."""

from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from clicktrail.demo.population import browsers
from clicktrail.judge import judge
from clicktrail.model.event import AnyEvent, Bounced, Click
from clicktrail.model.verdict import Verdict
from tests.support.events import CONTEXT, click, delivered, engagement, noon_plus, sent, timeline

LANGUAGE = "en-GB,en;q=0.9"
CHROME, EDGE = browsers.chrome(LANGUAGE), browsers.edge(LANGUAGE)
SCRIPT = browsers.scripted_chrome(150)
HOME, OFFICE = "91.12.34.56", "81.130.5.9"
CLOUDS = {
    "Amazon": ("52.18.4.4", "52.18.99.7"),
    "Google": ("34.89.3.3", "35.246.9.9"),
    "Azure": ("20.79.3.3", "20.79.31.9"),
    "OVH": ("54.36.1.1", "54.36.200.3"),
}
GATEWAYS = {
    "Global Secure Access": "151.206.40.7",
    "Netskope": "163.116.131.4",
    "Zscaler": "165.225.81.9",
    "Umbrella": "155.190.22.3",
    "Symantec": "148.64.10.1",
    "Prisma Access": "134.238.4.4",
    "FortiSASE": "66.35.17.1",
    "Forcepoint": "85.115.32.9",
}

clouds = pytest.mark.parametrize(("scanner", "desktop"), CLOUDS.values(), ids=CLOUDS.keys())


def visit(seconds: float, headers: Mapping[str, str], *, link: int = 1, ip: str = HOME, id: str = "") -> Click:
    """A click over TLS with all headers of a browser."""
    return replace(
        click(seconds, link=link, ip=ip, agent=headers["user-agent"], id=id),
        recipient="ann@company.example",
        https=True,
        headers={name: value for name, value in headers.items() if name != "user-agent"},
    )


def scan(seconds: float, headers: Mapping[str, str], *, ip: str | Callable[[int], str], gap: float) -> list[Click]:
    """Clicks on the six links of the message."""
    return [
        visit(seconds + gap * link, headers, link=link, ip=ip if isinstance(ip, str) else ip(link)) for link in range(6)
    ]


def judge_clicks(*events: AnyEvent, links: int = 6) -> dict[str, Verdict]:
    """Verdicts by click ID."""
    judged = judge(timeline(sent(links=links), delivered(3), *events), CONTEXT)
    return {judged_click.click.id: judged_click.verdict for judged_click in judged}


@pytest.mark.parametrize("seconds", [100, 7_200])
@pytest.mark.parametrize("ip", GATEWAYS.values(), ids=GATEWAYS.keys())
def test_people_behind_secure_web_gateways(ip: str, seconds: float) -> None:
    assert judge_clicks(visit(seconds, EDGE, ip=ip, id="person")) == {"person": Verdict.HUMAN}


@clouds
@pytest.mark.parametrize("gap", [0.1, 9])
@pytest.mark.parametrize("scanned_at", [40, 20_000])
def test_person_at_a_cloud_desktop_beside_a_scanner_in_the_same_cloud(
    scanner: str, desktop: str, gap: float, scanned_at: float
) -> None:
    verdicts = judge_clicks(
        *scan(scanned_at, SCRIPT, ip=scanner, gap=gap), visit(10_800, EDGE, link=2, ip=desktop, id="person")
    )
    assert verdicts.pop("person") is Verdict.HUMAN
    assert set(verdicts.values()) == {Verdict.BOT}


@clouds
def test_scanner_does_not_profit_from_a_person_who_engages_meanwhile(scanner: str, desktop: str) -> None:
    person = visit(42, EDGE, link=2, ip=desktop, id="person")
    verdicts = judge_clicks(*scan(40, CHROME, ip=scanner, gap=0.3), person, engagement("person", seconds=50))
    assert verdicts.pop("person") is Verdict.HUMAN
    assert set(verdicts.values()) == {Verdict.BOT}


@pytest.mark.parametrize("headers", [EDGE, CHROME], ids=["another browser", "the same browser"])
def test_person_behind_the_address_of_their_companys_appliance(headers: Mapping[str, str]) -> None:
    appliance = scan(40, browsers.scripted_chrome(156), ip=OFFICE, gap=0.2)
    verdicts = judge_clicks(*appliance, visit(7_000, headers, link=2, ip=OFFICE, id="person"))
    assert verdicts.pop("person") is Verdict.HUMAN
    assert set(verdicts.values()) == {Verdict.BOT}


@pytest.mark.parametrize("loaded", [range(3), range(6), (0, 2, 4)])
@pytest.mark.parametrize("ip", [HOME, lambda link: f"2003:ea:1:2:{link + 1}a::{link + 7}"], ids=["IPv4", "IPv6"])
def test_lab_whose_script_runs_on_some_pages(ip: str | Callable[[int], str], loaded: range) -> None:
    clicks = scan(9_000, CHROME, ip=ip, gap=12)
    pages = [engagement(clicks[link].id, kind="loaded") for link in loaded]
    assert set(judge_clicks(*clicks, *pages).values()) == {Verdict.SUSPECTED}


@pytest.mark.parametrize("ip", [HOME, OFFICE, "84.16.66.3", lambda link: f"2a00:23c7:1:2::{link + 1}"])
@pytest.mark.parametrize("links", [6, 7], ids=["all", "all but the unsubscribe link"])
def test_playbook_for_reported_mail(ip: str | Callable[[int], str], links: int) -> None:
    assert Verdict.HUMAN not in judge_clicks(*scan(14_000, CHROME, ip=ip, gap=75), links=links).values()


def test_reader_of_many_links() -> None:
    read = [visit(14_000 + 200 * link, CHROME, link=link) for link in range(5)]
    assert set(judge_clicks(*read, links=9).values()) == {Verdict.HUMAN}


@pytest.mark.parametrize("agents", [1, 2, 3])
@pytest.mark.parametrize("count", [5, 8, 11])
def test_residential_pool(count: int, agents: int) -> None:
    addresses = [f"{number}.1.2.3" for number in (188, 77, 71, 86, 79, 93, 24, 81, 109, 62, 5)]
    agents_in_turn = (CHROME, EDGE, browsers.firefox(LANGUAGE))[:agents]
    clicks = [
        visit(30 + 1.2 * link, agents_in_turn[link % agents], link=link, ip=addresses[link]) for link in range(count)
    ]
    assert Verdict.HUMAN not in judge_clicks(*clicks, links=12).values()


@pytest.mark.parametrize(
    "changes",
    [
        {"sec-ch-ua-platform": '"Linux"'},
        {"sec-ch-ua-platform": '"Windows"', "user-agent": browsers.chrome(LANGUAGE, mac=True)["user-agent"]},
        {"sec-ch-ua-platform": '"Linux"', "user-agent": browsers.mobile_chrome(LANGUAGE)["user-agent"]},
        {"sec-ch-ua-mobile": "?1"},
        {"signature-agent": '"https://agent.example"'},
        {"signature-input": 'sig1=("@authority");tag="web-bot-auth"'},
        {"user-agent": "Mozilla/5.0 (compatible; Claude-User/1.0; +Claude-User@anthropic.com)"},
    ],
)
@pytest.mark.parametrize("ip", ["2a09:bac5::44", HOME])
def test_agent_that_contradicts_or_declares_itself_even_when_engaged(changes: dict[str, str], ip: str) -> None:
    agent = visit(9_000, {**CHROME, **changes}, ip=ip, id="agent")
    assert judge_clicks(agent, engagement("agent", seconds=9_010))["agent"] in {Verdict.SUSPECTED, Verdict.BOT}


def test_sandbox_that_makes_input_on_every_page() -> None:
    clicks = scan(200, CHROME, ip="34.89.3.3", gap=12)
    engagements = [engagement(click_.id, seconds=209 + 12 * click_.link) for click_ in clicks]
    assert set(judge_clicks(*clicks, *engagements).values()) == {Verdict.BOT}


def test_message_that_bounced_for_one_of_two_recipients() -> None:
    bounced = Bounced(id="b", at=noon_plus(5), message_id="m1", recipient="ben@company.example")
    clicks = [visit(60, CHROME, id="ann"), replace(visit(60, CHROME, id="ben"), recipient="ben@company.example")]
    judged = judge(timeline(sent(), bounced, *clicks), CONTEXT)
    assert {click_.click.id: click_.verdict for click_ in judged} == {"ann": Verdict.HUMAN, "ben": Verdict.BOT}
