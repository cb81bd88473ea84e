import asyncio
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.model.event import encode_event
from clicktrail.model.supported_time import FIRST_TIME, LAST_TIME
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickCounts
from clicktrail.server.analytics.connection import ChdbPool, TooManyRowsError, load_query
from clicktrail.server.analytics.store import ChdbAnalytics, compute_first_version
from clicktrail.server.analytics.timelines import EventLineRow
from clicktrail.server.ports import JudgedMessage, RecordedEvent
from tests.support.judged_lines import (
    BURST,
    SENT_AT,
    click,
    make_judged_click,
    make_judged_message,
    record,
    record_events,
    sent,
)
from tests.support.settable_clock import SettableClock


async def test_reopened_folder_holds_what_was_stored(tmp_path: Path, clock: SettableClock) -> None:
    message = make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1")),))
    first = await ChdbAnalytics.open(tmp_path, clock)
    await first.store(record_events(message), [message])
    await first.close()
    second = await ChdbAnalytics.open(tmp_path, clock)
    (report,) = await second.campaigns()
    timelines = await second.timelines(["m1"])
    await second.close()
    assert (report.campaign, report.clicks) == ("spring", ClickCounts(human=1))
    assert timelines == {"m1": message.timeline}


async def test_store_durations_are_counted(analytics: ChdbAnalytics) -> None:
    message = make_judged_message(sent("m1"))
    for _ in range(2):
        await analytics.store(record_events(message), [message])
    assert sum(analytics.store_seconds.counts) == 2


@pytest.mark.parametrize(
    ("previous_first_version", "first_version"),
    [
        (0, 1 << 51),
        (1 << 51, 2 << 51),
        (8190 << 51, 8191 << 51),
        (8191 << 51, (8191 << 51) + (1 << 32)),
        ((8191 << 51) + (1 << 32), (8191 << 51) + (2 << 32)),
    ],
)
def test_first_version_begins_a_new_epoch_until_the_last(previous_first_version: int, first_version: int) -> None:
    assert compute_first_version(previous_first_version) == first_version


async def test_versions_rise_within_an_epoch_and_each_time_the_folder_is_opened(
    tmp_path: Path, clock: SettableClock
) -> None:
    for epoch in (1, 2, 3):
        analytics = await ChdbAnalytics.open(tmp_path, clock)
        await analytics.store_labels({"c1": Verdict.BOT})
        await analytics.store(record_events(make_judged_message(click("", "1"))), [])
        await analytics.store([], [make_judged_message(sent("m1"))])
        await analytics.close()
        versions = await _fetch_latest_versions(tmp_path, "labels", "events", "messages")
        assert versions == sorted(versions)
        assert all(epoch << 51 <= version < (epoch + 1) << 51 for version in versions)
        clock.time -= timedelta(days=1)


async def _fetch_latest_versions(folder: Path, *tables: str) -> list[int]:
    connections = ChdbPool(folder)
    versions = []
    for table in tables:
        result = await connections.execute("SELECT max(version) AS version FROM {table:Identifier}", {"table": table})
        versions.append(json.loads(result)["version"])
    await connections.close()
    return versions


async def test_clock_set_back_does_not_keep_an_old_verdict(tmp_path: Path, clock: SettableClock) -> None:
    bot, human = _judge_click_twice()
    first = await ChdbAnalytics.open(tmp_path, clock)
    await first.store(record_events(bot), [bot])
    await first.close()
    clock.time -= timedelta(days=1)
    second = await ChdbAnalytics.open(tmp_path, clock)
    await second.store([], [human])
    (report,) = await second.campaigns()
    (change,) = await second.history("spring", limit=9)
    await second.close()
    assert report.clicks == ClickCounts(human=1)
    assert (change.at, change.before, change.after) == (clock.time, Verdict.BOT, Verdict.HUMAN)


async def test_clock_set_back_while_open_does_not_reorder_the_history(
    analytics: ChdbAnalytics, clock: SettableClock
) -> None:
    bot, human = _judge_click_twice()
    await analytics.store(record_events(bot), [bot])
    await analytics.store([], [human])
    clock.time -= timedelta(days=1)
    await analytics.store([], [dataclasses.replace(bot, previous_verdicts={"m1-1": Verdict.HUMAN})])
    (report,) = await analytics.campaigns()
    assert report.clicks == ClickCounts(bot=1)
    assert [(change.at, change.after) for change in await analytics.history("spring", limit=9)] == [
        (clock.time, Verdict.BOT),
        (clock.time + timedelta(days=1), Verdict.HUMAN),
    ]


def _judge_click_twice() -> tuple[JudgedMessage, JudgedMessage]:
    bot = make_judged_click(click("m1", "1"), Verdict.BOT, BURST)
    human = make_judged_message(sent("m1"), clicks=(make_judged_click(bot.click),))
    return (
        make_judged_message(sent("m1"), clicks=(bot,)),
        dataclasses.replace(human, previous_verdicts={"m1-1": Verdict.BOT}),
    )


async def test_events_of_all_years_are_stored(analytics: ChdbAnalytics) -> None:
    months = [datetime(year, month, 1, tzinfo=UTC) for year in range(2010, 2019) for month in range(1, 13)]
    times = [*months, FIRST_TIME, LAST_TIME]
    clicks = tuple(
        make_judged_click(click("m1", str(number), after_s=(at - SENT_AT).total_seconds()))
        for number, at in enumerate(times)
    )
    message = make_judged_message(sent("m1"), clicks=clicks)
    await analytics.store(record_events(message), [message])
    (report,) = await analytics.campaigns()
    assert report.clicks.human == len(times)
    assert await analytics.timelines(["m1"]) == {"m1": message.timeline}


async def test_stored_line_that_is_no_event_any_more_is_left_out(analytics: ChdbAnalytics) -> None:
    clicks = tuple(make_judged_click(click("m1", number)) for number in "12")
    message = make_judged_message(sent("m1"), clicks=clicks)
    await analytics.store(record_events(message), [message])
    await analytics._connections.execute(
        """ALTER TABLE events UPDATE line = replaceOne(line, '"at":"2026', '"at":"9999')
        WHERE line LIKE '%m1-1%' SETTINGS mutations_sync = 2"""
    )
    timeline = (await analytics.timelines(["m1"]))["m1"]
    assert [event.id for event in timeline.clicks] == ["m1-2"]
    assert [event.id for event in await analytics.clicks_by_id(["m1"], ["m1-1", "m1-2"])] == ["m1-2"]


async def test_queries_and_inserts_run_concurrently(analytics: ChdbAnalytics) -> None:
    messages = [
        make_judged_message(sent(f"m{number}"), clicks=(make_judged_click(click(f"m{number}", "1")),))
        for number in range(8)
    ]
    async with asyncio.TaskGroup() as group:
        for message in messages:
            group.create_task(analytics.store(record_events(message), [message]))
            group.create_task(analytics.campaigns())
    (report,) = await analytics.campaigns()
    assert report.clicks.human == 8


async def test_line_that_is_not_utf_8_is_stored(analytics: ChdbAnalytics) -> None:
    line = encode_event(sent("m1"))[:-1] + b',"later":"\xff"}'
    await analytics.store([RecordedEvent(line, sent("m1"))], [make_judged_message(sent("m1"))])
    assert (await analytics.timelines(["m1"]))["m1"].events == (sent("m1"),)


async def test_events_that_an_earlier_version_stored_are_left_out(tmp_path: Path, clock: SettableClock) -> None:
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    await analytics.store(record(sent("m1")), [])
    await analytics.close()
    connections = ChdbPool(tmp_path)
    await connections.execute("INSERT INTO events (message_id, id, line) VALUES ('m1', 'x', '{\"type\":\"former\"}')")
    await connections.close()
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    assert (await analytics.timelines(["m1"]))["m1"].events == (sent("m1"),)
    await analytics.close()


async def test_timeline_query_reads_few_other_rows(connections: ChdbPool) -> None:
    await connections.execute(
        "INSERT INTO events (message_id, line) SELECT toString(number), '{}' FROM numbers(20_000)"
    )
    rows = await connections.execute(
        f"{load_query('timelines')} SETTINGS max_rows_to_read = 1_000",
        {"message_ids": ["7777"], "limit": "9", "event_limit": "9"},
    )
    assert rows == b'{"message_id":"7777","line":"{}"}\n'


async def test_first_events_of_long_messages_are_read_beside_short_ones(analytics: ChdbAnalytics) -> None:
    long_count = 2 * MAX_CLICKS_JUDGED_TOGETHER
    messages = [
        make_judged_message(
            sent(name),
            clicks=tuple(make_judged_click(click(name, f"{number:06}", after_s=number)) for number in range(count)),
        )
        for name, count in (("long", long_count), ("longer", 2 * long_count), ("short", 2))
    ]
    await analytics.store(record_events(*messages), messages)
    timelines = await analytics.timelines(["long", "longer", "short", "unknown"])
    assert timelines == {
        **{
            message.timeline.message_id: message.timeline.first_clicks(MAX_CLICKS_JUDGED_TOGETHER)
            for message in messages
        },
        "unknown": Timeline.from_events("unknown", ()),
    }


async def test_message_with_very_many_clicks_does_not_make_all_lines_be_read(analytics: ChdbAnalytics) -> None:
    short = make_judged_message(sent("short"), clicks=(make_judged_click(click("short", "1")),))
    await analytics.store(record_events(short), [short])
    line = encode_event(click("flood", "ID")).decode()
    await analytics._connections.execute(
        """INSERT INTO events (message_id, at, id, line) SELECT 'flood', toDateTime64('2026-11-23 08:00:00', 3, 'UTC'),
        leftPad(toString(number), 6, '0') AS id, replaceOne({line:String}, 'flood-ID', id) FROM numbers(120_000)""",
        {"line": line},
    )
    ids = ["flood", "short"]
    with pytest.raises(TooManyRowsError):
        await analytics._connections.fetch_rows(
            "short_timelines", EventLineRow, {"message_ids": ids, "event_limit": "9"}, max_rows=104_000
        )
    timelines = await analytics.timelines(ids)
    assert [event.id for event in timelines["flood"].clicks] == [
        f"{number:06}" for number in range(MAX_CLICKS_JUDGED_TOGETHER)
    ]
    assert timelines["short"] == short.timeline


async def test_shortened_ip_address_is_in_no_table_and_no_file(tmp_path: Path, clock: SettableClock) -> None:
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    message = make_judged_message(clicks=(make_judged_click(click("m1", "1")),))
    await analytics.store(record_events(message), [message])
    await analytics.close()
    assert {"clicks", "events", "address_clicks"} <= await _find_tables_and_files("192.0.2.7", tmp_path)
    analytics = await ChdbAnalytics.open(tmp_path, clock)
    await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(days=1))
    await analytics.close()
    assert await _find_tables_and_files("192.0.2.7", tmp_path) == set()


async def _find_tables_and_files(text: str, folder: Path) -> set[str]:
    """Tables whose rows contain a text, and uncompressed files of active parts that do."""
    connections = ChdbPool(folder)
    tables = {
        name: await connections.execute("SELECT * FROM {table:Identifier}", {"table": name})
        for name in ("clicks", "events", "address_clicks")
    }
    parts = await connections.execute("SELECT path FROM system.parts WHERE active")
    await connections.close()
    part_folders = [Path(json.loads(line)["path"]) for line in parts.splitlines()]
    files = {str(file) for part in part_folders for file in part.iterdir() if text.encode() in file.read_bytes()}
    return {name for name, rows in tables.items() if text.encode() in rows} | files
