import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.errors import StorageError
from clicktrail.model.event import AnonymousClick, AnyEvent, Engagement, Opened, encode
from clicktrail.model.verdict import Verdict
from clicktrail.report import SourceReport
from clicktrail.server.analytics.connection import ChdbConnections, migrate, migrations, parameter, query
from clicktrail.server.analytics.reports import KeptReports
from clicktrail.server.analytics.rows import VisitRow, anonymous_rows, click_rows, event_rows, message_rows, visit_rows
from clicktrail.server.ports import RecipientClick
from tests.support.judged_lines import SENT_AT, click, judged, sent, verdict

OPEN_TOO = """
import sys
from pathlib import Path
from clicktrail.errors import StorageError
from clicktrail.server.analytics.connection import ChdbConnections
try:
    ChdbConnections(Path(sys.argv[1]))
except StorageError as error:
    print(error.hint)
"""


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncIterator[ChdbConnections]:
    """Connections to an empty folder."""
    opened = ChdbConnections(tmp_path / "analytics")
    yield opened
    await opened.close()


async def test_result_is_a_line_of_json_a_row(connections: ChdbConnections) -> None:
    assert b'{"n":0}\n{"n":1}\n' == await connections.run("SELECT number AS n FROM numbers(2)")
    assert b"" == await connections.run("SELECT 1 WHERE 0")


async def test_parameters_are_bound(connections: ChdbConnections) -> None:
    answer = await connections.run(
        "SELECT {a:String} AS a, {b:Array(String)} AS b, {c:Nullable(String)} AS c",
        {"a": "'; DROP\n\\N", "b": ["it's", ""], "c": None},
    )
    assert b'{"a":"\'; DROP\\n\\\\N","b":["it\'s",""],"c":null}\n' == answer


async def test_refused_statement_names_its_reason_and_no_row(connections: ChdbConnections) -> None:
    with pytest.raises(StorageError, match=r"^analytics refused a statement: UNKNOWN_IDENTIFIER$"):
        await connections.run("SELECT `ann@example.com`")


async def test_more_statements_than_connections_wait_for_one_another(connections: ChdbConnections) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(connections.run(f"SELECT {number} AS n")) for number in range(20)]
    assert [f'{{"n":{number}}}\n'.encode() for number in range(20)] == [task.result() for task in tasks]


@pytest.mark.usefixtures("connections")
async def test_second_process_is_refused_with_a_hint(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_TOO, str(tmp_path / "analytics")]
    other = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert "is another clicktrail running with this data folder?\n" == other.stdout


@pytest.mark.usefixtures("connections")
def test_folder_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    assert 0o700 == (tmp_path / "analytics").stat().st_mode & 0o777


async def test_closed_folder_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        connections = ChdbConnections(tmp_path)
        assert b'{"n":1}\n' == await connections.run("SELECT 1 AS n")
        await connections.close()


def test_migrations_come_in_the_order_of_their_numbers() -> None:
    assert [f"{number:04}" for number in range(1, len(migrations()) + 1)] == [name[:4] for name in migrations()]


def test_null_is_no_text() -> None:
    assert ("\\N", "\\\\N") == (parameter(None), parameter("\\N"))


def test_array_is_a_literal() -> None:
    assert r"['a','it\'s','\\']" == parameter(["a", "it's", "\\"])


@given(st.text())
def test_text_holds_no_separator(text: str) -> None:
    assert not {"\t", "\n", "\r"} & set(parameter(text))


async def test_migrations_are_applied_once_and_recorded(tmp_path: Path) -> None:
    connections = ChdbConnections(tmp_path)
    await migrate(connections)
    await migrate(connections)
    recorded = await connections.run("SELECT count() AS n, uniqExact(name) AS names FROM migrations")
    await connections.close()
    count = len(migrations())
    assert f'{{"n":{count},"names":{count}}}\n'.encode() == recorded


async def test_migration_that_was_not_recorded_is_repeatable(tmp_path: Path) -> None:
    connections = ChdbConnections(tmp_path)
    await migrate(connections)
    await connections.run("TRUNCATE TABLE migrations")
    await migrate(connections)
    applied = await connections.run(query("applied_migrations"))
    await connections.close()
    assert len(migrations()) == len(applied.splitlines())


async def test_folder_of_a_later_version_is_refused(tmp_path: Path) -> None:
    connections = ChdbConnections(tmp_path)
    await migrate(connections)
    await connections.run(query("record_migration"), {"name": "9999_later.sql"})
    with pytest.raises(StorageError, match=r"later version of clicktrail: 9999_later\.sql"):
        await migrate(connections)
    await connections.close()


async def test_clicks_of_before_there_were_visits_are_visits(tmp_path: Path) -> None:
    connections = ChdbConnections(tmp_path)
    await _migrate_until(connections, "0005_link_groups.sql")
    whole = replace(click("m1", "1", recipient="ann"), user_agent="Größe/1.0")
    damaged = replace(whole, id="3", message_id="", tampered=True, user_agent="")
    clicks = [whole, replace(whole, id="2", ip="192.0.2.0/24"), damaged]
    told: list[AnyEvent] = [sent("m1"), *clicks]
    await connections.insert("insert_events", event_rows([(encode(event), event) for event in told], version=1))
    await migrate(connections)
    stored = await connections.run(
        "SELECT * FROM visits ORDER BY message_id DESC SETTINGS date_time_output_format = 'iso'"
    )
    await connections.close()
    assert list(visit_rows([clicks[0], clicks[2]])) == msgspec.json.Decoder(VisitRow).decode_lines(stored)


async def test_events_of_before_they_lay_closer_are_kept(tmp_path: Path) -> None:
    connections = ChdbConnections(tmp_path)
    await _migrate_until(connections, "0029_reports_without_marks.sql")
    told = [replace(click("m1", str(year)), at=SENT_AT.replace(year=year)) for year in (2020, 2026)]
    await connections.insert("insert_events", event_rows([(encode(event), event) for event in told], version=1))
    before = await connections.run("SELECT * FROM events ORDER BY at")
    await migrate(connections)
    assert 2 == len(before.splitlines())
    assert before == await connections.run("SELECT * FROM events ORDER BY at")
    assert b"" == await connections.run("SHOW TABLES LIKE 'events_%'")
    await connections.close()


async def test_campaigns_of_before_there_were_reports_are_reported(tmp_path: Path) -> None:
    connections = ChdbConnections(tmp_path)
    await _migrate_until(connections, "0007_earlier_visits.sql")
    await connections.insert("insert_messages", message_rows([judged(sent("m1"))], version=1))
    clicked = judged(clicks=(verdict(click("m2", "1", campaign="autumn")),))
    await connections.insert("insert_clicks", click_rows([clicked], version=1))
    await migrate(connections)
    reports = await KeptReports(connections).campaigns()
    await connections.close()
    assert [("spring", 1, 0), ("autumn", 0, 1)] == [(of.campaign, of.accepted, of.clicks.total) for of in reports]


async def test_messages_of_before_there_were_openings_have_them(tmp_path: Path) -> None:
    connections = ChdbConnections(tmp_path)
    await _migrate_until(connections, "0012_earlier_clicks_by_person.sql")
    opened = Opened(id="o", at=SENT_AT, campaign="spring", message_id="m1")
    landed = Engagement(id="e", at=SENT_AT, campaign="spring", message_id="m2", click_id="m2-1")
    messages = [judged(sent("m1"), opened), judged(sent("m2"), landed, clicks=(verdict(click("m2", "1")),))]
    told = [event for message in messages for event in message.timeline.events]
    await connections.insert("insert_events", event_rows([(encode(event), event) for event in told], version=1))
    for row in message_rows(messages, version=1):
        known = {name: value for name, value in msgspec.to_builtins(row).items() if name not in {"opened", "landed"}}
        await connections.run(query("insert_messages") + msgspec.json.encode(known).decode())
    for click_row in click_rows(messages, version=1):
        known = {name: value for name, value in msgspec.to_builtins(click_row).items() if name != "source"}
        await connections.run(query("insert_clicks") + msgspec.json.encode(known).decode())
    kept = "SELECT 'spring' AS campaign, arrayJoin([false, true]) AS whole, 1 AS version, 'null' AS report"
    await connections.run(f"INSERT INTO reports (campaign, whole, version, report) {kept}")
    await migrate(connections)
    report = await KeptReports(connections).campaign("spring")
    await connections.close()
    assert report is not None
    assert (1, 1) == (report.opened, report.landed)
    assert (SourceReport(source="clicktrail", clicks=1, addresses=1, agents=1),) == report.sources


async def test_people_have_the_clicks_of_before_there_were_tables_of_them(tmp_path: Path) -> None:
    connections = ChdbConnections(tmp_path)
    await _migrate_until(connections, "0019_verdict_changes.sql")
    of = click("m1", "1", recipient="Ann@example.com")
    for version, kind in enumerate((Verdict.BOT, Verdict.HUMAN), start=1):
        message = judged(sent("m1"), clicks=(verdict(of, kind),))
        await connections.insert("insert_clicks", click_rows([message], version=version))
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", link=0, verdict=Verdict.HUMAN)
    await connections.insert("insert_clicks", anonymous_rows([anonymous]))
    await migrate(connections)
    [found] = await connections.rows("clicks_of", RecipientClick, {"recipient": "ann@example.com"})
    nobody = await connections.rows("clicks_of", RecipientClick, {"recipient": ""})
    await connections.close()
    assert (of.at, Verdict.HUMAN) == (found.at, found.verdict)
    assert [] == nobody


async def _migrate_until(connections: ChdbConnections, last: str) -> None:
    """Apply the migrations of an earlier version."""
    for name, statement in migrations().items():
        if name <= last:
            await connections.run(statement)
            await connections.run(query("record_migration"), {"name": name})
