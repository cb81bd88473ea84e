import socket
from pathlib import Path

import aiosmtplib
import httpx2

from clicktrail.server import keystore
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
