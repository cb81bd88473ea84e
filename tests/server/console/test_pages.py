import html
import re

import pytest
from msgspec.structs import replace

from clicktrail.model.event import Engagement, Opened
from clicktrail.model.verdict import Verdict
from tests.consoles import Client, UnreadableAnalytics, console_of
from tests.judged import BURST, ENGAGED, SENT_AT, bounced, click, judged, sent, verdict
from tests.server.memory_analytics import MemoryAnalytics

SCRIPT = "<script>alert('x')</script>&\"/.."


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


async def test_campaign_page_tells_whom_landing_pages_saw(client: Client, analytics: MemoryAnalytics) -> None:
    """Where any page told of anybody; elsewhere a zero would read as if nobody had been there."""
    of = verdict(click("m1", "1"))
    await analytics.store([], [judged(sent("m1"), clicks=(of,))])
    assert "landing pages" not in (await client.get("/campaign?name=spring")).text
    acted = Engagement(id="e", at=SENT_AT, campaign="spring", message_id="m1", click_id=of.click.id, kind="engaged")
    await analytics.store([], [judged(sent("m1"), acted, clicks=(verdict(of.click, Verdict.HUMAN, ENGAGED),))])
    assert "landing pages saw 1 press, type or scroll" in (await client.get("/campaign?name=spring")).text


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


async def test_all_text_is_escaped(client: Client, analytics: MemoryAnalytics) -> None:
    """Campaign names and destinations come from messages, and are never read as HTML."""
    of = verdict(replace(click("m1", "1", campaign=SCRIPT), url=SCRIPT), Verdict.BOT, BURST)
    await analytics.store([], [judged(sent("m1", campaign=SCRIPT), clicks=(of,))])
    pages = [await client.get("/"), await client.get("/campaign", params={"name": SCRIPT})]
    missing = await client.get("/campaign", params={"name": SCRIPT + "?"})
    assert [False] * 3 == ["<script" in page.text for page in (*pages, missing)]


@pytest.mark.parametrize("name", ["", "a/b", "..", "%2e%2e", "a b&c=d#e+f", "ü€"])
async def test_link_in_the_overview_leads_to_the_campaign(
    client: Client, analytics: MemoryAnalytics, name: str
) -> None:
    """Whatever a campaign is called, its row leads to its page, the empty name included."""
    await analytics.store([], [judged(sent("m1", campaign=name))])
    (address,) = re.findall('href="(/campaign[^"]*)"', (await client.get("/")).text)
    page = await client.get(address)
    assert (200, True) == (page.status_code, f"<h1>{html.escape(name) or '(no campaign)'}</h1>" in page.text)


@pytest.mark.parametrize(("path", "status"), [("/campaign?name=x", 404), ("/nothing", 404), ("/campaign", 400)])
async def test_refusal_is_a_page(client: Client, path: str, status: int) -> None:
    """An unknown campaign, an unknown page and a missing name are refused in the console's own look."""
    answer = await client.get(path)
    assert (status, True) == (answer.status_code, 'href="/">All campaigns' in answer.text)


async def test_page_says_when_the_numbers_cannot_be_read() -> None:
    """While storage is in trouble the page says that, and that no click is lost by it."""
    async with console_of(UnreadableAnalytics()) as client:
        answer = await client.get("/")
    assert (503, True) == (answer.status_code, "No click is lost" in answer.text)


async def test_campaign_page_says_what_the_sources_could_not_tell(client: Client, analytics: MemoryAnalytics) -> None:
    """Beside the numbers that rest on it; and click-to-open stands there where an ESP told of openings."""
    of = verdict(replace(click("m1", "1"), esp="postmark"))
    await analytics.store([], [judged(sent("m1"), clicks=(of,))])
    page = (await client.get("/campaign?name=spring")).text
    assert "a person after a scanner is missing" in page
    assert "Click-to-open" not in page
    opened = Opened(id="o", at=SENT_AT, campaign="spring", message_id="m1")
    await analytics.store([], [judged(sent("m1"), opened, clicks=(of,))])
    assert "Click-to-open" in (await client.get("/campaign?name=spring")).text
