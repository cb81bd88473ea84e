import dataclasses
import html
import re

import pytest
from msgspec.structs import replace

from clicktrail.model.event import AnonymousClick, Engagement, Opened
from clicktrail.model.verdict import Reason, Verdict
from tests.support.console import ConsoleClient, UnreadableAnalytics, create_console_client
from tests.support.judged_lines import (
    BURST,
    ENGAGED,
    HOSTING,
    SENT_AT,
    bounced,
    click,
    make_judged_click,
    make_judged_message,
    sent,
)
from tests.support.memory_analytics import MemoryAnalytics

METHOD = Reason(signal="non-get-method", points=0, detail="HEAD request")
SCRIPT = "<script>alert('x')</script>&\"/.."


async def test_list_without_campaigns_explains_the_first_steps(client: ConsoleClient) -> None:
    page = (await client.get("/")).text
    assert "No messages yet" in page
    assert "X-Clicktrail-Campaign" in page


@pytest.mark.usefixtures("spring")
async def test_list_links_to_each_campaign(client: ConsoleClient) -> None:
    page = (await client.get("/")).text
    assert 'href="/campaign?name=spring"' in page
    assert [rate in page for rate in ("40.0%", "10.0%")] == [True, True]


@pytest.mark.usefixtures("spring")
async def test_campaign_page_shows_both_rates_and_the_reasons(client: ConsoleClient) -> None:
    page = (await client.get("/campaign", params={"name": "spring"})).text
    expected_texts = (
        "40.0% as an email service would report it",
        "<b>10.0% people</b>: 1 of 10 recipients clicked.",
        "servers reported",
        "Links followed faster than a person can.",
        "https://example.com/b<small>?utm_source=email</small>",
    )
    assert [text for text in expected_texts if text not in page] == []


async def test_campaign_page_shows_engagement_if_landing_pages_report_it(
    client: ConsoleClient, analytics: MemoryAnalytics
) -> None:
    judged = make_judged_click(click("m1", "1"))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(judged,))])
    assert "landing page" not in (await client.get("/campaign?name=spring")).text
    engagement = Engagement(
        id="e", at=SENT_AT, campaign="spring", message_id="m1", click_id=judged.click.id, kind="engaged"
    )
    engaged = make_judged_click(judged.click, Verdict.HUMAN, ENGAGED)
    await analytics.store([], [make_judged_message(sent("m1"), engagement, clicks=(engaged,))])
    assert "1 pressed, typed or scrolled on a landing page" in (await client.get("/campaign?name=spring")).text


async def test_equal_rates_are_not_struck_out(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    await analytics.store(
        [], [make_judged_message(sent("m1"), bounced("m2"), clicks=(make_judged_click(click("m1", "1")),))]
    )
    pages = [(await client.get(path)).text for path in ("/", "/campaign?name=spring")]
    assert [re.findall("<s[ >]", page) for page in pages] == [[], []]


async def test_click_rate_without_deliveries_is_unknown(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    await analytics.store([], [make_judged_message(clicks=(make_judged_click(click("m1", "1")),))])
    page = (await client.get("/campaign?name=spring")).text
    assert "Unknown: no sent or delivered message" in page


async def test_all_text_is_escaped(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    script_click = replace(
        click("m1", "1", campaign=SCRIPT, recipient=SCRIPT), url=SCRIPT, user_agent=SCRIPT, source=SCRIPT
    )
    judged = make_judged_click(script_click, Verdict.BOT, BURST, Reason(signal=SCRIPT, points=1, detail=SCRIPT))
    await analytics.store([], [make_judged_message(sent("m1", campaign=SCRIPT), clicks=(judged,))])
    pages = [
        await client.get("/"),
        await client.get("/campaign", params={"name": SCRIPT}),
        await client.get("/clicks", params={"campaign": SCRIPT, "signal": "burst"}),
    ]
    missing = await client.get("/campaign", params={"name": SCRIPT + "?"})
    assert ["<script>" in page.text for page in (*pages, missing)] == [False] * 4


@pytest.mark.parametrize("name", ["", "a/b", "..", "%2e%2e", "a b&c=d#e+f", "ü€"])
async def test_link_in_the_list_leads_to_the_campaign(
    client: ConsoleClient, analytics: MemoryAnalytics, name: str
) -> None:
    await analytics.store([], [make_judged_message(sent("m1", campaign=name))])
    (url,) = re.findall('href="(/campaign[^"]*)"', (await client.get("/")).text)
    page = await client.get(url)
    assert (page.status_code, f"<h1>{html.escape(name) or '(no campaign)'}</h1>" in page.text) == (200, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/campaign?name=x", 404), ("/nothing", 404), ("/campaign", 400), ("/clicks?campaign=x", 404), ("/clicks", 400)],
)
async def test_client_error_is_a_page(client: ConsoleClient, path: str, status: int) -> None:
    response = await client.get(path)
    assert (response.status_code, 'href="/">All campaigns' in response.text) == (status, True)


async def test_page_explains_that_reports_cannot_be_read() -> None:
    async with create_console_client(UnreadableAnalytics()) as client:
        response = await client.get("/")
    assert (response.status_code, "No click is lost" in response.text) == (503, True)


async def test_campaign_page_shows_missing_data_and_opens(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    judged = make_judged_click(replace(click("m1", "1"), esp="postmark"))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(judged,))])
    page = (await client.get("/campaign?name=spring")).text
    assert "people who clicked after a scanner are missing." in page
    assert "Click-to-open" not in page
    opened = Opened(id="o", at=SENT_AT, campaign="spring", message_id="m1")
    await analytics.store([], [make_judged_message(sent("m1"), opened, clicks=(judged,))])
    assert "Click-to-open" in (await client.get("/campaign?name=spring")).text


@pytest.mark.usefixtures("spring")
async def test_numbers_on_the_campaign_page_link_to_their_clicks(client: ConsoleClient) -> None:
    page = (await client.get("/campaign?name=spring")).text
    links = re.findall(r'href="(/clicks[^"]*)">(\d+)', page)
    listed = [(await client.get(html.unescape(url))).text.count("<h2>") for url, _ in links]
    assert [1, 0, 4, 0, 4, 4] == [int(count) for _, count in links] == listed
    assert 'href="/clicks?campaign=spring">See each click' in page


async def test_clicks_page_explains_each_verdict(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    bot = replace(click("m1", "1", recipient="ann@example.com"), url="https://example.com/a?b=c", user_agent="curl/8")
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(make_judged_click(bot, Verdict.BOT, BURST),))])
    page = (await client.get("/clicks?campaign=spring")).text
    expected_texts = (
        '<i class="bot"></i>Bot',
        "5 points; bot from 5",
        "https://example.com/a<small>?b=c</small>",
        "23 November 2026, 09:01:00 UTC",
        "sent to ann@example.com",
        "claims to be curl/8",
        "<b>+5<",
        "7 links in 0.6 s.",
        "Links followed faster than a person can.",
        "Would be human if the visitor had pressed, scrolled or typed on the landing page, or without <code>burst<",
    )
    assert [text for text in expected_texts if text not in page] == []


async def test_clicks_page_describes_clicks_without_points(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    head = make_judged_click(replace(click("m1", "2"), method="HEAD"), Verdict.BOT, METHOD, BURST, counted=False)
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", link=2, verdict=Verdict.HUMAN)
    await analytics.store(
        [], [make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1")), head))], [anonymous]
    )
    page = (await client.get("/clicks?campaign=spring")).text
    expected_texts = (
        "No evidence of a machine.",
        "asked not to be tracked",
        "in the hour from 23 November 2026, 09:00 UTC",
    )
    assert [text for text in expected_texts if text not in page] == []
    uncounted = (await client.get("/clicks?campaign=spring&counted=false")).text
    assert [uncounted.count(text) for text in ("One signal decides", ">decides</b>", "Not counted as a click<")] == [
        1
    ] * 3
    assert "Would be human" not in uncounted


async def test_clicks_are_paged(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    clicks = tuple(make_judged_click(click("m1", f"{number:02}"), Verdict.BOT, BURST) for number in range(30))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=clicks)])
    first = (await client.get("/clicks?campaign=spring&verdict=bot&signal=burst")).text
    (earlier,) = re.findall('href="([^"]*)">Earlier clicks', first)
    second = (await client.get(html.unescape(earlier))).text
    assert (first.count("<h2>"), second.count("<h2>")) == (25, 5)
    assert ("Latest clicks" in first, "Earlier clicks" in second) == (False, False)
    (latest,) = re.findall('href="([^"]*)">Latest clicks', second)
    assert html.unescape(latest) == "/clicks?campaign=spring&verdict=bot&signal=burst"
    assert 'aria-current="true">Bot<' in second


async def test_signal_filter_can_be_set_and_removed(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    bot = make_judged_click(click("m1", "1"), Verdict.BOT, BURST, HOSTING)
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(bot,))])
    page = (await client.get("/clicks?campaign=spring")).text
    for signal, description in ("burst", "Links followed faster"), (HOSTING.signal, "does not know"):
        (url,) = re.findall(f'href="([^"]*)">{signal}</a>', page)
        filtered_page = (await client.get(html.unescape(url))).text
        assert f"Only clicks with the signal <code>{signal}</code>: " in filtered_page
        assert description in filtered_page
        assert 'href="/clicks?campaign=spring">Remove this filter' in filtered_page


async def test_clicks_page_shows_previous_verdicts(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    changing_click = click("m1", "1")
    for before, after in ((None, Verdict.BOT), (Verdict.BOT, Verdict.SUSPECTED), (Verdict.SUSPECTED, Verdict.HUMAN)):
        message = make_judged_message(sent("m1"), clicks=(make_judged_click(changing_click, after),))
        previous_verdicts = {changing_click.id: before} if before else {}
        await analytics.store([], [dataclasses.replace(message, previous_verdicts=previous_verdicts)])
    page = (await client.get("/clicks?campaign=spring")).text
    assert re.search(r"Was bot until [^.,]*, [0-9:]+ UTC, then suspected until [^.,]*, [0-9:]+ UTC\.", page)
