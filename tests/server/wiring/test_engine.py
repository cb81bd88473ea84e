import asyncio
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import aiosmtplib
import httpx2

from clicktrail.model.event import AnyEvent, Click, Sent, encode
from clicktrail.server import keystore
from clicktrail.server.journal.segments import numbers
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.engine import read_reports
from tests.workers import worker

SENT_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLICKED_AT = datetime(2026, 11, 23, 13, tzinfo=UTC)
SENT = Sent(id="s1", at=SENT_AT, campaign="winter", message_id="m1", recipient="anna@example.net", links=5)


def click(link: int) -> Click:
    """An hour after sending, a click on one of the message's links from an address of nobody's cloud."""
    return Click(
        id=f"c{link}",
        at=CLICKED_AT,
        campaign="winter",
        message_id="m1",
        recipient="anna@example.net",
        link=link,
        url=f"https://example.com/{link}",
        ip="203.0.113.9",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    )


def journal(settings: Settings, *events: AnyEvent) -> None:
    """Write events as one of the journal's writers."""

    async def write(lines: Iterable[bytes]) -> None:
        with SegmentWriter(settings.journal / "edge-0", asyncio.get_running_loop()) as writer:
            for line in lines:
                writer.append(line, lambda _committed: None)

    asyncio.run(write(map(encode, events)))


async def test_an_engine_relays_and_shows(tmp_path: Path) -> None:
    """One process serves both of the sockets that it inherited, and ends well when told to."""
    keystore.load_or_create(tmp_path / "clicktrail-data" / keystore.NAME, traces=[])
    with socket.create_server(("127.0.0.1", 0)) as relay, socket.create_server(("127.0.0.1", 0)) as console:
        relay_host, relay_port = relay.getsockname()
        console_host, console_port = console.getsockname()
        async with worker("engine", tmp_path, [relay, console]) as process:
            async with aiosmtplib.SMTP(hostname=relay_host, port=relay_port, start_tls=False) as sender:
                greeted = await sender.ehlo()
            async with httpx2.AsyncClient() as client:
                reports = await client.get(f"http://{console_host}:{console_port}/api/campaigns")

    assert 250 == greeted.code
    assert {"campaigns": []} == reports.json()
    assert 0 == process.returncode


async def test_what_is_in_analytics_leaves_the_journal(tmp_path: Path) -> None:
    """After the time that the settings say, here none; an empty segment stays, from which the numbers go on."""
    (tmp_path / "clicktrail.toml").write_text("[recording]\nkeep_hours = 0\n", "utf-8")
    settings = Settings(data_dir=str(tmp_path / "clicktrail-data"))
    keystore.load_or_create(settings.data / keystore.NAME, traces=[])
    for link in range(3):
        await asyncio.to_thread(journal, settings, click(link))
    with socket.create_server(("127.0.0.1", 0)) as relay, socket.create_server(("127.0.0.1", 0)) as console:
        async with worker("engine", tmp_path, [relay, console]):
            for _ in range(600):
                if numbers(settings.journal / "edge-0") == [4]:
                    break
                await asyncio.sleep(0.05)
    assert [4] == numbers(settings.journal / "edge-0")
    reports = await asyncio.to_thread(read_reports, settings, "winter")
    assert 3 == reports[0]["clicks"]["total"]


def test_the_journal_becomes_a_report(tmp_path: Path) -> None:
    """Accepted, clicked, judged, counted."""
    settings = Settings(data_dir=str(tmp_path))
    journal(settings, SENT, click(0))

    (report,) = read_reports(settings, "winter")

    assert ("winter", 1) == (report["campaign"], report["delivered"])
    assert {"total": 1, "human": 1, "suspected": 0, "bot": 0, "preview": 0} == report["clicks"]
    assert {"raw": 1.0, "human": 1.0} == report["click_rate"]


def test_loading_a_segment_twice_changes_nothing(tmp_path: Path) -> None:
    """Without its cursor every event comes again, and the report stays the same."""
    settings = Settings(data_dir=str(tmp_path))
    journal(settings, SENT, click(0), click(1))
    before = read_reports(settings, "winter")
    (settings.journal / "cursor.json").unlink()

    assert before == read_reports(settings, "winter")


def test_a_later_event_replaces_a_verdict(tmp_path: Path) -> None:
    """Two more clicks in the same second make a burst of the first, which was stored as human."""
    settings = Settings(data_dir=str(tmp_path))
    journal(settings, SENT, click(0))
    (before,) = read_reports(settings, None)
    journal(settings, click(1), click(2))
    (after,) = read_reports(settings, None)

    assert {"total": 1, "human": 1, "suspected": 0, "bot": 0, "preview": 0} == before["clicks"]
    assert {"total": 3, "human": 0, "suspected": 0, "bot": 3, "preview": 0} == after["clicks"]
