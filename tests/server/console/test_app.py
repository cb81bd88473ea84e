import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
import structlog
from litestar import Litestar
from litestar.testing import AsyncTestClient
from msgspec.structs import replace

from clicktrail.errors import StorageError
from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, as_json
from clicktrail.server.console.app import create_app
from tests.judged import BURST, bounced, click, delivered, judged, sent, verdict
from tests.server.memory_analytics import MemoryAnalytics

Client = AsyncTestClient[Litestar]
LOOPBACK = "http://127.0.0.1:8081"
EVERY_ROUTE = (
    "/",
    "/campaign?name=spring",
    "/api/campaigns",
    "/api/campaign?name=spring",
    "/static/console.css",
    "/healthz",
)
SCRIPT = "<script>alert('x')</script>&\"/.."


def client_of(analytics: MemoryAnalytics) -> Client:
    """A client of a console of these analytics."""
    app = create_app(analytics, signals={"burst": "Links followed faster than a hand can."})
    return AsyncTestClient(app, base_url=LOOPBACK, raise_server_exceptions=False)


@pytest.fixture
def analytics() -> MemoryAnalytics:
    """Nothing stored."""
    return MemoryAnalytics()


@pytest.fixture
async def client(analytics: MemoryAnalytics) -> AsyncIterator[Client]:
    """A client of the console."""
    async with client_of(analytics) as client:
        yield client


@pytest.fixture
async def spring(analytics: MemoryAnalytics) -> CampaignReport:
    """Ten messages delivered: four of them clicked by scanners, one of these also by its reader."""
    human = verdict(replace(click("m0", "h"), link=1, url="https://example.com/b?utm_source=email"))
    bots = [verdict(click(f"m{number}", "b"), Verdict.BOT, BURST) for number in range(4)]
    clicked = [judged(sent(of.click.message_id), delivered(of.click.message_id), clicks=(of,)) for of in bots]
    clicked[0] = judged(sent("m0"), delivered("m0"), clicks=(bots[0], human))
    quiet = [judged(sent(f"m{number}"), delivered(f"m{number}")) for number in range(4, 10)]
    await analytics.store([], [*clicked, *quiet])
    report = await analytics.campaign("spring")
    assert report is not None
    return report


class BrokenAnalytics(MemoryAnalytics):
    """Analytics that cannot be read."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Fail."""
        raise StorageError("cannot read")


async def test_overview_without_campaigns_says_what_to_do(client: Client) -> None:
    """The first page a new user sees names the relay and the header to set."""
    page = (await client.get("/")).text
    assert "No messages yet" in page
    assert "X-Clicktrail-Campaign" in page


@pytest.mark.usefixtures("spring")
async def test_overview_leads_to_each_campaign(client: Client) -> None:
    """A campaign's row has its numbers and a link that works."""
    page = (await client.get("/")).text
    assert 'href="/campaign?name=spring"' in page
    assert [True, True] == [rate in page for rate in ("40.0%", "10.0%")]


@pytest.mark.usefixtures("spring")
async def test_campaign_page_shows_both_rates_and_the_reasons(client: Client) -> None:
    """The headline is the click rate and what it would seem to be; below stand links, verdicts and reasons in words."""
    page = (await client.get("/campaign", params={"name": "spring"})).text
    shown = (
        "40.0% as an email service would report it",
        "<b>10.0% people</b>: 1 of 10",
        "servers reported",
        "Links followed faster than a hand can.",
        "https://example.com/b<small>?utm_source=email</small>",
    )
    assert [] == [text for text in shown if text not in page]


async def test_page_of_rates_that_do_not_differ_strikes_nothing(client: Client, analytics: MemoryAnalytics) -> None:
    """Where only people clicked there is one number, not the same one twice."""
    await analytics.store([], [judged(sent("m1"), bounced("m2"), clicks=(verdict(click("m1", "1")),))])
    pages = [(await client.get(path)).text for path in ("/", "/campaign?name=spring")]
    assert [[], []] == [re.findall("<s[ >]", page) for page in pages]


async def test_campaign_without_deliveries_has_no_rate(client: Client, analytics: MemoryAnalytics) -> None:
    """A click on a message that nobody told of is shown, but no rate is made of it."""
    await analytics.store([], [judged(clicks=(verdict(click("m1", "1")),))])
    page = (await client.get("/campaign?name=spring")).text
    assert "Not known" in page


async def test_api_is_the_report_as_json(client: Client, spring: CampaignReport) -> None:
    """The API answers in the shape of ``clicktrail report --json``."""
    overview = as_json(spring) | {"links": [], "reasons": []}
    assert {"campaigns": [overview]} == (await client.get("/api/campaigns")).json()
    assert as_json(spring) == (await client.get("/api/campaign", params={"name": "spring"})).json()


@pytest.mark.parametrize("name", ["", "a/b", "..", "%2e%2e", "a b&c=d#e+f", "ü€", SCRIPT])
async def test_any_text_can_be_asked_for(client: Client, analytics: MemoryAnalytics, name: str) -> None:
    """Whatever a campaign is called, its page and its JSON can be had, the empty name included."""
    await analytics.store([], [judged(sent("m1", campaign=name))])
    answer = (await client.get("/api/campaign", params={"name": name})).json()
    page = await client.get("/campaign", params={"name": name})
    assert (name, 200) == (answer["campaign"], page.status_code)


async def test_all_text_is_escaped(client: Client, analytics: MemoryAnalytics) -> None:
    """Campaign names and destinations come from messages, and are never read as HTML."""
    of = verdict(replace(click("m1", "1", campaign=SCRIPT), url=SCRIPT), Verdict.BOT, BURST)
    await analytics.store([], [judged(sent("m1", campaign=SCRIPT), clicks=(of,))])
    pages = [await client.get("/"), await client.get("/campaign", params={"name": SCRIPT})]
    missing = await client.get("/campaign", params={"name": SCRIPT + "?"})
    assert [False] * 3 == ["<script" in page.text for page in (*pages, missing)]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/campaign?name=x", 404), ("/nothing", 404), ("/campaign", 400), ("/api/campaign?name=x", 404)],
)
async def test_refusal_says_so(client: Client, path: str, status: int) -> None:
    """An unknown campaign, an unknown page and a missing name are refused, in the API as JSON."""
    answer = await client.get(path)
    kind = "application/json" if path.startswith("/api") else "text/html; charset=utf-8"
    assert (status, kind) == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize(("path", "text"), [("/", "No click is lost"), ("/api/campaigns", '{"error":"cannot read"}')])
async def test_unreadable_analytics_is_said_to_be_unavailable(path: str, text: str) -> None:
    """While storage is in trouble the console says that, not that something is wrong with the console."""
    async with client_of(BrokenAnalytics()) as client:
        answer = await client.get(path)
    assert (503, True) == (answer.status_code, text in answer.text)


@pytest.mark.usefixtures("spring")
@pytest.mark.parametrize("path", [*EVERY_ROUTE, "/nothing"])
async def test_every_response_is_for_its_reader_only(client: Client, path: str) -> None:
    """No response may be framed, cached, sniffed, run scripts, or tell other sites where it was."""
    headers: Mapping[str, Any] = (await client.get(path)).headers
    expected = {
        "content-security-policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    assert expected == {name: headers[name] for name in expected}


@pytest.mark.usefixtures("spring")
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8081", 200),
        ("LOCALHOST:8081", 200),
        ("[::1]:8081", 200),
        ("[::1]", 200),
        ("evil.example", 421),
        ("evil.example:8081", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost:evil.example", 421),
        ("", 421),
    ],
)
async def test_only_loopback_hosts_are_answered(client: Client, host: str, status: int) -> None:
    """A page of another host that leads its name to this machine gets nothing (DNS rebinding)."""
    answers = [await client.get(path, headers={"host": host}) for path in EVERY_ROUTE]
    assert {status} == {answer.status_code for answer in answers}


class FaultyAnalytics(MemoryAnalytics):
    """Analytics with a bug."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Fail in a way that nobody foresaw."""
        raise ZeroDivisionError


async def test_bug_is_logged_and_not_shown() -> None:
    """Whoever asked hears only that it failed; the log has the rest."""
    with structlog.testing.capture_logs() as log:
        async with client_of(FaultyAnalytics()) as client:
            answer = await client.get("/")
    assert (500, False) == (answer.status_code, "ZeroDivision" in answer.text)
    assert [("/", ZeroDivisionError)] == [(entry["path"], type(entry["exc_info"])) for entry in log]
