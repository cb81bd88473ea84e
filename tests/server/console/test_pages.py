import dataclasses
import html
import re
from datetime import UTC, datetime

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


async def test_overview_without_campaigns_says_what_to_do(client: ConsoleClient) -> None:
    page = (await client.get("/")).text
    assert "No messages yet" in page
    assert "X-Clicktrail-Campaign" in page


@pytest.mark.usefixtures("spring")
async def test_overview_leads_to_each_campaign(client: ConsoleClient) -> None:
    page = (await client.get("/")).text
    assert 'href="/campaign?name=spring"' in page
    assert [True, True] == [rate in page for rate in ("40.0%", "10.0%")]


@pytest.mark.usefixtures("spring")
async def test_campaign_page_shows_both_rates_and_the_reasons(client: ConsoleClient) -> None:
    page = (await client.get("/campaign", params={"name": "spring"})).text
    shown = (
        "40.0% as an email service would report it",
        "<b>10.0% people</b>: 1 of 10",
        "servers reported",
        "Links followed faster than a hand can.",
        "https://example.com/b<small>?utm_source=email</small>",
    )
    assert [] == [text for text in shown if text not in page]


async def test_campaign_page_tells_whom_landing_pages_saw(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    of = make_judged_click(click("m1", "1"))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(of,))])
    assert "landing pages" not in (await client.get("/campaign?name=spring")).text
    acted = Engagement(id="e", at=SENT_AT, campaign="spring", message_id="m1", click_id=of.click.id, kind="engaged")
    await analytics.store(
        [], [make_judged_message(sent("m1"), acted, clicks=(make_judged_click(of.click, Verdict.HUMAN, ENGAGED),))]
    )
    assert "landing pages saw 1 press, type or scroll" in (await client.get("/campaign?name=spring")).text


async def test_page_of_rates_that_do_not_differ_strikes_nothing(
    client: ConsoleClient, analytics: MemoryAnalytics
) -> None:
    await analytics.store(
        [], [make_judged_message(sent("m1"), bounced("m2"), clicks=(make_judged_click(click("m1", "1")),))]
    )
    pages = [(await client.get(path)).text for path in ("/", "/campaign?name=spring")]
    assert [[], []] == [re.findall("<s[ >]", page) for page in pages]


@pytest.mark.usefixtures("spring")
async def test_pages_say_of_when_their_numbers_are(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    paths = ("/", "/campaign?name=spring")
    assert [False] * 2 == ["of 23 November 2026, 09:00:07 UTC" in (await client.get(path)).text for path in paths]
    analytics.as_of = datetime(2026, 11, 23, 9, 0, 7, tzinfo=UTC)
    assert [True] * 2 == ["of 23 November 2026, 09:00:07 UTC" in (await client.get(path)).text for path in paths]


async def test_campaign_without_deliveries_has_no_rate(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    await analytics.store([], [make_judged_message(clicks=(make_judged_click(click("m1", "1")),))])
    page = (await client.get("/campaign?name=spring")).text
    assert "Not known" in page


async def test_all_text_is_escaped(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    told = replace(click("m1", "1", campaign=SCRIPT, recipient=SCRIPT), url=SCRIPT, user_agent=SCRIPT, source=SCRIPT)
    of = make_judged_click(told, Verdict.BOT, BURST, Reason(signal=SCRIPT, points=1, detail=SCRIPT))
    await analytics.store([], [make_judged_message(sent("m1", campaign=SCRIPT), clicks=(of,))])
    pages = [
        await client.get("/"),
        await client.get("/campaign", params={"name": SCRIPT}),
        await client.get("/clicks", params={"campaign": SCRIPT, "signal": "burst"}),
    ]
    missing = await client.get("/campaign", params={"name": SCRIPT + "?"})
    assert [False] * 4 == ["<script>" in page.text for page in (*pages, missing)]


@pytest.mark.parametrize("name", ["", "a/b", "..", "%2e%2e", "a b&c=d#e+f", "ü€"])
async def test_link_in_the_overview_leads_to_the_campaign(
    client: ConsoleClient, analytics: MemoryAnalytics, name: str
) -> None:
    await analytics.store([], [make_judged_message(sent("m1", campaign=name))])
    (address,) = re.findall('href="(/campaign[^"]*)"', (await client.get("/")).text)
    page = await client.get(address)
    assert (200, True) == (page.status_code, f"<h1>{html.escape(name) or '(no campaign)'}</h1>" in page.text)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/campaign?name=x", 404), ("/nothing", 404), ("/campaign", 400), ("/clicks?campaign=x", 404), ("/clicks", 400)],
)
async def test_refusal_is_a_page(client: ConsoleClient, path: str, status: int) -> None:
    answer = await client.get(path)
    assert (status, True) == (answer.status_code, 'href="/">All campaigns' in answer.text)


async def test_page_says_when_the_numbers_cannot_be_read() -> None:
    async with create_console_client(UnreadableAnalytics()) as client:
        answer = await client.get("/")
    assert (503, True) == (answer.status_code, "No click is lost" in answer.text)


async def test_campaign_page_says_what_the_sources_could_not_tell(
    client: ConsoleClient, analytics: MemoryAnalytics
) -> None:
    of = make_judged_click(replace(click("m1", "1"), esp="postmark"))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(of,))])
    page = (await client.get("/campaign?name=spring")).text
    assert "a person after a scanner is missing" in page
    assert "Click-to-open" not in page
    opened = Opened(id="o", at=SENT_AT, campaign="spring", message_id="m1")
    await analytics.store([], [make_judged_message(sent("m1"), opened, clicks=(of,))])
    assert "Click-to-open" in (await client.get("/campaign?name=spring")).text


@pytest.mark.usefixtures("spring")
async def test_numbers_of_the_campaign_page_lead_to_their_clicks(client: ConsoleClient) -> None:
    page = (await client.get("/campaign?name=spring")).text
    links = re.findall(r'href="(/clicks[^"]*)">(\d+)', page)
    shown = [(await client.get(html.unescape(address))).text.count("<h2>") for address, _ in links]
    assert [1, 0, 4, 0, 4, 4] == [int(count) for _, count in links] == shown
    assert 'href="/clicks?campaign=spring">See each click' in page


async def test_clicks_page_explains_each_verdict(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    of = replace(click("m1", "1", recipient="ann@example.com"), url="https://example.com/a?b=c", user_agent="curl/8")
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(make_judged_click(of, Verdict.BOT, BURST),))])
    page = (await client.get("/clicks?campaign=spring")).text
    shown = (
        '<i class="bot"></i>Bot',
        "5 points; 5 make a bot",
        "https://example.com/a<small>?b=c</small>",
        "23 November 2026, 09:01:00 UTC",
        "sent to ann@example.com",
        "calls itself curl/8",
        "<b>+5<",
        "7 links in 0.6 s.",
        "Links followed faster than a hand can.",
        "if somebody had pressed, scrolled or typed on the landing page, or without <code>burst</code>.",
    )
    assert [] == [text for text in shown if text not in page]


async def test_clicks_page_says_where_there_is_nothing_to_explain(
    client: ConsoleClient, analytics: MemoryAnalytics
) -> None:
    head = make_judged_click(replace(click("m1", "2"), method="HEAD"), Verdict.BOT, METHOD, BURST, counted=False)
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", link=2, verdict=Verdict.HUMAN)
    await analytics.store(
        [], [make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1")), head))], [anonymous]
    )
    page = (await client.get("/clicks?campaign=spring")).text
    shown = (
        "Nothing speaks against a person.",
        "asks not to be tracked",
        "in the hour from 23 November 2026, 09:00 UTC",
    )
    assert [] == [text for text in shown if text not in page]
    uncounted = (await client.get("/clicks?campaign=spring&counted=false")).text
    assert [1] * 3 == [
        uncounted.count(text) for text in ("One sign decides", ">decides</b>", "Not counted as a click<")
    ]
    assert "It would count" not in uncounted


async def test_clicks_are_turned_over_by_pages(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    clicks = tuple(make_judged_click(click("m1", f"{number:02}"), Verdict.BOT, BURST) for number in range(30))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=clicks)])
    first = (await client.get("/clicks?campaign=spring&verdict=bot&signal=burst")).text
    (earlier,) = re.findall('href="([^"]*)">Earlier clicks', first)
    second = (await client.get(html.unescape(earlier))).text
    assert (25, 5) == (first.count("<h2>"), second.count("<h2>"))
    assert ("Latest clicks" in first, "Earlier clicks" in second) == (False, False)
    (back,) = re.findall('href="([^"]*)">Latest clicks', second)
    assert "/clicks?campaign=spring&verdict=bot&signal=burst" == html.unescape(back)
    assert 'aria-current="true">Bot<' in second


async def test_a_signal_can_be_chosen_and_let_go(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    of = make_judged_click(click("m1", "1"), Verdict.BOT, BURST, HOSTING)
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(of,))])
    page = (await client.get("/clicks?campaign=spring")).text
    for signal, words in ("burst", "Links followed faster"), (HOSTING.signal, "does not know"):
        (address,) = re.findall(f'href="([^"]*)">{signal}</a>', page)
        chosen = (await client.get(html.unescape(address))).text
        assert f"Only clicks that show <code>{signal}</code>: " in chosen
        assert words in chosen
        assert 'href="/clicks?campaign=spring">Remove this filter' in chosen


async def test_clicks_page_says_what_a_click_was_before(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    of = click("m1", "1")
    for before, after in ((None, Verdict.BOT), (Verdict.BOT, Verdict.SUSPECTED), (Verdict.SUSPECTED, Verdict.HUMAN)):
        told = make_judged_message(sent("m1"), clicks=(make_judged_click(of, after),))
        await analytics.store([], [dataclasses.replace(told, previous_verdicts={of.id: before} if before else {})])
    page = (await client.get("/clicks?campaign=spring")).text
    assert re.search(r"Was bot until [^.,]*, [0-9:]+ UTC, then suspected until [^.,]*, [0-9:]+ UTC\.", page)
