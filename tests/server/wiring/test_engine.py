import asyncio
import socket
from pathlib import Path

import aiosmtplib
import httpx2

from clicktrail.server import keystore
from clicktrail.server.journal.segments import numbers
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.without_engine import read_reports
from tests.recorded import click, journal
from tests.workers import worker


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
