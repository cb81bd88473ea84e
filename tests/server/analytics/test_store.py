import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickCounts
from clicktrail.server.analytics.connection import ChdbPool, load_query
from clicktrail.server.analytics.store import ChdbAnalytics
from tests.support.judged_lines import BURST, SENT_AT, click, encode_lines, make_judged_click, make_judged_message, sent


class SetClock:
    """A clock that shows what it was set to."""

    def __init__(self) -> None:
        self.time = SENT_AT

    def now(self) -> datetime:
        """The time it was set to."""
        return self.time


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands still."""
    return SetClock()


@pytest.fixture
async def analytics(tmp_path: Path, clock: SetClock) -> AsyncIterator[ChdbAnalytics]:
    """An empty store."""
    store = await ChdbAnalytics.open(tmp_path / "analytics", clock)
    yield store
    await store.close()


async def test_reopened_folder_holds_what_was_stored(tmp_path: Path, clock: SetClock) -> None:
    message = make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1")),))
    first = await ChdbAnalytics.open(tmp_path, clock)
    await first.store(encode_lines(message), [message])
    await first.close()
    second = await ChdbAnalytics.open(tmp_path, clock)
    (report,) = await second.campaigns()
    timelines = await second.timelines(["m1"])
    await second.close()
    assert ("spring", ClickCounts(human=1)) == (report.campaign, report.clicks)
    assert {"m1": message.timeline} == timelines


async def test_how_long_storing_takes_is_counted(analytics: ChdbAnalytics) -> None:
    message = make_judged_message(sent("m1"))
    for _ in range(2):
        await analytics.store(encode_lines(message), [message])
    assert 2 == sum(analytics.store_seconds.counts)


async def test_later_verdict_stands_although_the_clock_was_set_back(tmp_path: Path, clock: SetClock) -> None:
    of = click("m1", "1")
    suspicion = make_judged_message(sent("m1"), clicks=(make_judged_click(of, Verdict.BOT, BURST),))
    first = await ChdbAnalytics.open(tmp_path, clock)
    await first.store(encode_lines(suspicion), [suspicion])
    await first.close()
    clock.time -= timedelta(days=1)
    second = await ChdbAnalytics.open(tmp_path, clock)
    await second.store([], [make_judged_message(sent("m1"), clicks=(make_judged_click(of),))])
    (report,) = await second.campaigns()
    await second.close()
    assert ClickCounts(human=1) == report.clicks


async def test_events_of_all_years_are_stored(analytics: ChdbAnalytics) -> None:
    years = [datetime(year, month, 1, tzinfo=UTC) for year in range(2010, 2019) for month in range(1, 13)]
    instants = [*years, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    clicks = tuple(
        make_judged_click(click("m1", str(number), after_s=(at - SENT_AT).total_seconds()))
        for number, at in enumerate(instants)
    )
    message = make_judged_message(sent("m1"), clicks=clicks)
    await analytics.store(encode_lines(message), [message])
    (report,) = await analytics.campaigns()
    assert len(instants) == report.clicks.human
    assert {"m1": message.timeline} == await analytics.timelines(["m1"])


async def test_queries_and_inserts_run_side_by_side(analytics: ChdbAnalytics) -> None:
    messages = [
        make_judged_message(sent(f"m{number}"), clicks=(make_judged_click(click(f"m{number}", "1")),))
        for number in range(8)
    ]
    async with asyncio.TaskGroup() as group:
        stores = [group.create_task(analytics.store(encode_lines(message), [message])) for message in messages]
        reads = [group.create_task(analytics.campaigns()) for _ in range(8)]
    (report,) = await analytics.campaigns()
    assert (8, 8, 8) == (report.clicks.human, len(stores), len(reads))


async def test_line_that_is_not_utf_8_is_stored(analytics: ChdbAnalytics) -> None:
    (line,) = encode_lines(make_judged_message(sent("m1")))
    await analytics.store([line[:-1] + b',"later":"\xff"}'], [make_judged_message(sent("m1"))])
    assert (sent("m1"),) == (await analytics.timelines(["m1"]))["m1"].events


async def test_a_message_of_long_ago_is_read_with_few_others(connections: ChdbPool) -> None:
    await connections.execute("INSERT INTO events SELECT toString(number), 0, '', '{}', 1 FROM numbers(20_000)")
    found = await connections.execute(
        f"{load_query('timelines')} SETTINGS max_rows_to_read = 500", {"message_ids": ["7777"]}
    )
    assert b'{"message_id":"7777","line":"{}"}\n' == found


async def test_a_shortened_address_is_in_no_table_and_no_file(tmp_path: Path) -> None:
    analytics = await ChdbAnalytics.open(tmp_path, SetClock())
    message = make_judged_message(clicks=(make_judged_click(click("m1", "1")),))
    await analytics.store(encode_lines(message), [message])
    await analytics.close()
    assert {"clicks", "events", "visits"} <= await _places_of("192.0.2.7", tmp_path)
    analytics = await ChdbAnalytics.open(tmp_path, SetClock())
    await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(days=1))
    await analytics.close()
    assert set() == await _places_of("192.0.2.7", tmp_path)


async def _places_of(text: str, folder: Path) -> set[str]:
    """The tables that have a text, and the files of their rows that do, as far as they are not compressed."""
    connections = ChdbPool(folder)
    tables = {
        "clicks": await connections.execute("SELECT * FROM clicks"),
        "events": await connections.execute("SELECT * FROM events"),
        "visits": await connections.execute("SELECT * FROM visits"),
    }
    parts = await connections.execute("SELECT path FROM system.parts WHERE active")
    await connections.close()
    found = {name for name, rows in tables.items() if text.encode() in rows}
    return found | {path for row in parts.splitlines() for path in _files_with(text, Path(json.loads(row)["path"]))}


def _files_with(text: str, folder: Path) -> list[str]:
    return [str(file) for file in folder.iterdir() if text.encode() in file.read_bytes()]
