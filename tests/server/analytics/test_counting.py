from clicktrail.model.verdict import Verdict
from clicktrail.report import Filter, Filtered, summarise
from clicktrail.server.analytics.connection import ChdbConnections
from clicktrail.server.analytics.counting import count_campaign, count_campaigns, count_filtered, counted_by
from clicktrail.server.analytics.rows import click_rows, message_rows
from tests.judged import BURST, click, judged, sent, verdict

MESSAGES = (
    judged(
        sent("m1", recipient="ada"),
        clicks=(
            verdict(click("m1", "1", recipient="ada")),
            verdict(click("m1", "2", recipient="ada"), Verdict.BOT, BURST),
        ),
    ),
    judged(sent("m2", recipient="bo"), clicks=(verdict(click("m2", "1", recipient="bo"), Verdict.BOT, BURST),)),
)


async def store(connections: ChdbConnections) -> None:
    """Put the messages into the tables."""
    await connections.insert("insert_messages", message_rows(MESSAGES, version=1))
    await connections.insert("insert_clicks", click_rows(MESSAGES, version=1))


async def test_a_campaign_is_counted_as_in_python(connections: ChdbConnections) -> None:
    """Each number of SQL is that of ``summarise``."""
    await store(connections)
    [expected] = summarise((message.timeline, message.clicks) for message in MESSAGES)
    assert expected == await count_campaign(connections, "spring")


async def test_overviews_have_neither_links_nor_reasons(connections: ChdbConnections) -> None:
    """Of the campaigns asked for, those that exist."""
    await store(connections)
    [report] = await count_campaigns(connections, ["spring", "autumn"])
    assert ("spring", 3, (), ()) == (report.campaign, report.clicks.total, report.links, report.reasons)


async def test_a_campaign_without_anything_is_none(connections: ChdbConnections) -> None:
    """Rather than one full of zeros."""
    assert await count_campaign(connections, "autumn") is None


async def test_a_filter_leaves_the_clicks_without_its_signals(connections: ChdbConnections) -> None:
    """And people who have any left."""
    await store(connections)
    assert {"spring": Filtered(clicks=1, unique=1)} == await count_filtered(connections, ["spring"], Filter.LINKS)


def test_counting_has_a_checksum() -> None:
    """The same as long as nothing about it changes."""
    assert counted_by() == counted_by.__wrapped__()
