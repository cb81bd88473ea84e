from datetime import datetime, timedelta

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
from tests.support.judged_lines import BURST, SENT_AT, click, make_judged_click, make_judged_message, sent
from tests.support.settable_clock import SettableClock

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


async def insert_messages(connections: ChdbPool) -> None:
    await connections.insert_rows("insert_messages", build_message_rows(MESSAGES, version=1))
    await connections.insert_rows("insert_clicks", build_click_rows(MESSAGES, version=1))


async def test_sql_counts_a_campaign_as_python_does(connections: ChdbPool) -> None:
    await insert_messages(connections)
    [expected] = build_reports((message.timeline, message.clicks) for message in MESSAGES)
    assert await count_campaign(connections, "spring") == expected


async def test_overview_has_no_links_and_no_reasons(connections: ChdbPool) -> None:
    await insert_messages(connections)
    [report] = await count_campaigns(connections, ["spring", "autumn"])
    assert (report.campaign, report.clicks.total, report.links, report.reasons) == ("spring", 3, (), ())


async def test_campaign_without_rows_has_no_report(connections: ChdbPool) -> None:
    assert await count_campaign(connections, "autumn") is None


async def test_filter_counts_the_clicks_without_its_signals(connections: ChdbPool) -> None:
    await insert_messages(connections)
    assert await count_filtered(connections, ["spring"], ClickFilter.LINKS) == {
        "spring": FilteredCounts(clicks=1, unique_clickers=1)
    }


def test_counting_checksum_is_reproducible() -> None:
    assert compute_counting_checksum() == compute_counting_checksum.__wrapped__()


async def insert_message(connections: ChdbPool, message_id: str, *, version: int) -> None:
    """Insert a message with one click, without invalidating reports."""
    messages = [make_judged_message(sent(message_id), clicks=(make_judged_click(click(message_id, "1")),))]
    await connections.insert_rows("insert_messages", build_message_rows(messages, version=version))
    await connections.insert_rows("insert_clicks", build_click_rows(messages, version=version))


async def fetch_totals(reports: ReportCache) -> tuple[int, int]:
    """Clicks in the list of all campaigns, and clicks in the report of the campaign spring."""
    report = await reports.campaign("spring")
    return sum(report.clicks.total for report in await reports.campaigns()), report.clicks.total if report else 0


async def test_report_is_counted_once_after_each_change(connections: ChdbPool, clock: SettableClock) -> None:
    reports = ReportCache(connections, clock)
    await insert_message(connections, "m1", version=1)
    await reports.invalidate(["spring"], version=1)
    assert await fetch_totals(reports) == (1, 1)
    await insert_message(connections, "m2", version=2)
    assert await fetch_totals(ReportCache(connections, clock)) == (1, 1)
    await reports.invalidate(["spring"], version=2)
    assert await fetch_totals(reports) == (2, 2)
    await insert_message(connections, "m3", version=3)
    await reports.invalidate_all(version=3)
    assert await connections.execute("SELECT * FROM cached_reports WHERE has_details") == b""
    assert await fetch_totals(reports) == (3, 3)


async def test_report_counted_by_other_queries_is_stale(connections: ChdbPool, clock: SettableClock) -> None:
    reports = ReportCache(connections, clock)
    await insert_message(connections, "m1", version=1)
    await reports.invalidate(["spring"], version=1)
    assert await fetch_totals(reports) == (1, 1)
    await insert_message(connections, "m2", version=2)
    await connections.execute(
        "INSERT INTO cached_reports SELECT * REPLACE (counting_checksum + 1 AS counting_checksum)"
        " FROM cached_reports FINAL"
    )
    assert await fetch_totals(reports) == (2, 2)


async def test_change_during_counting_makes_the_report_stale(connections: ChdbPool, clock: SettableClock) -> None:
    reports = ReportCache(connections, clock)
    await insert_message(connections, "m1", version=1)
    await reports.invalidate(["spring"], version=1)
    assert await fetch_totals(reports) == (1, 1)
    rows = await connections.execute("SELECT * FROM cached_reports FINAL FORMAT JSONEachRow")
    await insert_message(connections, "m2", version=2)
    await reports.invalidate(["spring"], version=2)
    await connections.execute("INSERT INTO cached_reports FORMAT JSONEachRow " + rows.decode())
    assert await fetch_totals(reports) == (2, 2)


async def test_large_campaign_is_read_stale_and_counted_in_the_background(
    connections: ChdbPool, clock: SettableClock
) -> None:
    reports = ReportCache(connections, clock, max_foreground_clicks=0)

    async def fetch_cached() -> list[tuple[int, datetime | None]]:
        cached_reports = [*await reports.cached_campaigns(), await reports.cached_campaign("spring")]
        return [(cached.report.clicks.total, cached.as_of) for cached in cached_reports if cached]

    await insert_message(connections, "m1", version=1)
    await reports.invalidate(["spring"], version=1)
    assert await fetch_cached() == [(1, None), (1, None)]
    clock.time += timedelta(hours=1)
    await insert_message(connections, "m2", version=2)
    await reports.invalidate(["spring"], version=2)
    assert await fetch_cached() == [(1, SENT_AT), (1, SENT_AT)]
    await reports.refresh_next()
    assert await fetch_cached() == [(2, None), (1, SENT_AT)]
    await reports.refresh_next()
    assert await fetch_cached() == [(2, None), (2, None)]


async def test_stale_report_of_a_clock_set_back_shows_when_it_was_counted(
    connections: ChdbPool, clock: SettableClock
) -> None:
    reports = ReportCache(connections, clock, max_foreground_clicks=0)
    await insert_message(connections, "m1", version=5 << 51)
    await reports.invalidate(["spring"], version=5 << 51)
    await reports.campaigns()
    clock.time -= timedelta(days=1)
    await reports.invalidate(["spring"], version=6 << 51)
    assert [cached.as_of for cached in await reports.cached_campaigns()] == [SENT_AT]


async def test_small_campaigns_are_counted_at_once(connections: ChdbPool, clock: SettableClock) -> None:
    reports = ReportCache(connections, clock, max_foreground_clicks=3)
    for version, click_counts in enumerate(
        ({"large": 4, "small": 1, "middle": 2}, {"large": 1, "small": 1, "middle": 1})
    ):
        for name, click_count in click_counts.items():
            for number in range(click_count):
                message = make_judged_message(
                    clicks=(make_judged_click(click(f"{name}{version}{number}", "1", campaign=name)),)
                )
                await connections.insert_rows("insert_clicks", build_click_rows([message], version=1))
        await reports.invalidate(click_counts, version=version)
        await reports.cached_campaigns()
    cached_reports = await reports.cached_campaigns()
    totals = {cached.report.campaign: cached.report.clicks.total for cached in cached_reports}
    assert totals == {"large": 4, "small": 2, "middle": 3}
    assert [cached.report.campaign for cached in cached_reports if cached.as_of] == ["large"]


async def test_erasure_keeps_counts_and_deletes_links(connections: ChdbPool, clock: SettableClock) -> None:
    reports = ReportCache(connections, clock, max_foreground_clicks=0)
    await insert_message(connections, "m1", version=0)
    await reports.invalidate(["spring"], version=0)
    await fetch_totals(reports)
    await reports.invalidate_all(version=1)
    (overview,) = await reports.cached_campaigns()
    detailed = await reports.cached_campaign("spring")
    assert detailed
    assert [bool(cached.as_of) for cached in (overview, detailed)] == [True, False]


async def test_campaign_whose_rows_were_all_erased_has_no_report(connections: ChdbPool, clock: SettableClock) -> None:
    reports = ReportCache(connections, clock)
    await reports.invalidate(["spring"], version=1)
    for _ in range(2):
        assert await reports.campaigns() == []
        assert await reports.campaign("spring") is None
