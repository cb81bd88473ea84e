from datetime import UTC, datetime

from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter, FilteredCounts, build_reports
from clicktrail.server.analytics.connection import ChdbPool
from clicktrail.server.analytics.reports import (
    ReportCache,
    compute_counting_checksum,
    count_campaign,
    count_campaigns,
    count_filtered,
)
from clicktrail.server.analytics.rows import build_click_rows, build_message_rows
from tests.support.judged_lines import BURST, click, make_judged_click, make_judged_message, sent

MESSAGES = (
    make_judged_message(
        sent("m1", recipient="ada"),
        clicks=(
            make_judged_click(click("m1", "1", recipient="ada")),
            make_judged_click(click("m1", "2", recipient="ada"), Verdict.BOT, BURST),
        ),
    ),
    make_judged_message(
        sent("m2", recipient="bo"), clicks=(make_judged_click(click("m2", "1", recipient="bo"), Verdict.BOT, BURST),)
    ),
)


async def store(connections: ChdbPool) -> None:
    """Put the messages into the tables."""
    await connections.insert_rows("insert_messages", build_message_rows(MESSAGES, version=1))
    await connections.insert_rows("insert_clicks", build_click_rows(MESSAGES, version=1))


async def test_a_campaign_is_counted_as_in_python(connections: ChdbPool) -> None:
    await store(connections)
    [expected] = build_reports((message.timeline, message.clicks) for message in MESSAGES)
    assert expected == await count_campaign(connections, "spring")


async def test_overviews_have_neither_links_nor_reasons(connections: ChdbPool) -> None:
    await store(connections)
    [report] = await count_campaigns(connections, ["spring", "autumn"])
    assert ("spring", 3, (), ()) == (report.campaign, report.clicks.total, report.links, report.reasons)


async def test_a_campaign_without_anything_is_none(connections: ChdbPool) -> None:
    assert await count_campaign(connections, "autumn") is None


async def test_a_filter_leaves_the_clicks_without_its_signals(connections: ChdbPool) -> None:
    await store(connections)
    assert {"spring": FilteredCounts(clicks=1, unique_clickers=1)} == await count_filtered(
        connections, ["spring"], ClickFilter.LINKS
    )


def test_counting_has_a_checksum() -> None:
    assert compute_counting_checksum() == compute_counting_checksum.__wrapped__()


async def insert(connections: ChdbPool, message_id: str, *, version: int) -> None:
    """Add a message with one click to the tables, and tell nobody."""
    messages = [make_judged_message(sent(message_id), clicks=(make_judged_click(click(message_id, "1")),))]
    await connections.insert_rows("insert_messages", build_message_rows(messages, version=version))
    await connections.insert_rows("insert_clicks", build_click_rows(messages, version=version))


async def totals(reports: ReportCache) -> tuple[int, int]:
    """The clicks of all campaigns, and of one as a whole."""
    whole = await reports.campaign("spring")
    return sum(report.clicks.total for report in await reports.campaigns()), whole.clicks.total if whole else 0


async def test_a_report_is_counted_once_after_each_change(connections: ChdbPool) -> None:
    reports = ReportCache(connections)
    await insert(connections, "m1", version=1)
    await reports.invalidate(["spring"], version=1)
    assert (1, 1) == await totals(reports)
    await insert(connections, "m2", version=2)
    assert (1, 1) == await totals(ReportCache(connections))
    await reports.invalidate(["spring"], version=2)
    assert (2, 2) == await totals(reports)
    await insert(connections, "m3", version=3)
    await reports.invalidate_all(version=3)
    assert b"" == await connections.execute("SELECT * FROM reports WHERE whole")
    assert (3, 3) == await totals(reports)


async def test_a_report_that_another_version_counted_is_counted_again(connections: ChdbPool) -> None:
    reports = ReportCache(connections)
    await insert(connections, "m1", version=1)
    await reports.invalidate(["spring"], version=1)
    assert (1, 1) == await totals(reports)
    await insert(connections, "m2", version=2)
    await connections.execute("INSERT INTO reports SELECT * REPLACE (counted_by + 1 AS counted_by) FROM reports FINAL")
    assert (2, 2) == await totals(reports)


async def test_a_change_while_counting_is_not_forgotten(connections: ChdbPool) -> None:
    reports = ReportCache(connections)
    await insert(connections, "m1", version=1)
    await reports.invalidate(["spring"], version=1)
    assert (1, 1) == await totals(reports)
    kept = await connections.execute("SELECT * FROM reports FINAL FORMAT JSONEachRow")
    await insert(connections, "m2", version=2)
    await reports.invalidate(["spring"], version=2)
    await connections.execute("INSERT INTO reports FORMAT JSONEachRow " + kept.decode())
    assert (2, 2) == await totals(reports)


async def test_a_large_campaign_is_shown_as_it_was_and_counted_afterwards(connections: ChdbPool) -> None:
    reports = ReportCache(connections, max_foreground_clicks=0)

    async def seen() -> list[tuple[int, datetime | None]]:
        seen = [*await reports.cached_campaigns(), await reports.cached_campaign("spring")]
        return [(of.report.clicks.total, of.as_of) for of in seen if of]

    for second in range(2):
        await insert(connections, f"m{second}", version=second * 1_000_000)
        await reports.invalidate(["spring"], version=second * 1_000_000)
        if not second:
            assert [(1, None)] * 2 == await seen()
    assert [(1, datetime.fromtimestamp(0, UTC))] * 2 == await seen()
    await reports.refresh_next()
    assert [(2, None), (1, datetime.fromtimestamp(0, UTC))] == await seen()
    await reports.refresh_next()
    assert [(2, None)] * 2 == await seen()


async def test_small_campaigns_are_counted_at_once(connections: ChdbPool) -> None:
    reports = ReportCache(connections, max_foreground_clicks=3)
    for version, clicks in enumerate(({"large": 4, "small": 1, "middle": 2}, {"large": 1, "small": 1, "middle": 1})):
        for name, number in clicks.items():
            for which in range(number):
                told = make_judged_message(
                    clicks=(make_judged_click(click(f"{name}{version}{which}", "1", campaign=name)),)
                )
                await connections.insert_rows("insert_clicks", build_click_rows([told], version=1))
        await reports.invalidate(clicks, version=version)
        await reports.cached_campaigns()
    seen = await reports.cached_campaigns()
    assert {"large": 4, "small": 2, "middle": 3} == {of.report.campaign: of.report.clicks.total for of in seen}
    assert ["large"] == [of.report.campaign for of in seen if of.as_of]


async def test_an_erasure_keeps_counts_and_no_links(connections: ChdbPool) -> None:
    reports = ReportCache(connections, max_foreground_clicks=0)
    await insert(connections, "m1", version=0)
    await reports.invalidate(["spring"], version=0)
    await totals(reports)
    await reports.invalidate_all(version=1)
    (overview,) = await reports.cached_campaigns()
    whole = await reports.cached_campaign("spring")
    assert whole
    assert [True, False] == [bool(of.as_of) for of in (overview, whole)]


async def test_a_campaign_that_nothing_is_left_of_is_no_campaign(connections: ChdbPool) -> None:
    reports = ReportCache(connections)
    await reports.invalidate(["spring"], version=1)
    for _ in range(2):
        assert [] == await reports.campaigns()
        assert None is await reports.campaign("spring")
