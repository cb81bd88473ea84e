import socket
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from clicktrail.model.event import Click, decode
from clicktrail.server import keystore
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.tokens import Sealed, seal
from tests.workers import worker

DATA = "clicktrail-data"


async def test_a_worker_redirects_and_records(tmp_path: Path) -> None:
    """On the socket that it inherited, with the folder's key ring, into a journal of its own."""
    ring = keystore.load_or_create(tmp_path / DATA / keystore.NAME, traces=[])
    sealed = Sealed(
        destination="https://example.com/boots",
        message_id="m1",
        recipient="anna@example.net",
        campaign="winter",
        position=2,
        links=3,
        sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with worker("edge", tmp_path, [listening]) as process, httpx2.AsyncClient() as client:
            host, port = listening.getsockname()
            response = await client.get(f"http://{host}:{port}/{seal(ring, sealed)}")
    journal = tmp_path / DATA / "journal"
    recorded = [decode(entry.line) for entry in SegmentReader(journal, journal / "cursor.json").read(10)]

    assert (302, "https://example.com/boots") == (response.status_code, response.headers["location"])
    assert [("winter", 2)] == [(click.campaign, click.link) for click in recorded if isinstance(click, Click)]
    assert (journal / "edge-0").is_dir()
    assert 0 == process.returncode
