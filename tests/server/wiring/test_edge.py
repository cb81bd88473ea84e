import asyncio
import socket
from pathlib import Path

import httpx2
import pytest

from clicktrail.model.event import AnonymousClick, Click, decode
from clicktrail.server import keystore
from clicktrail.server.journal.reader import SegmentReader
from tests.edges import token_path
from tests.workers import worker

DATA = "clicktrail-data"


async def test_a_worker_redirects_and_records(tmp_path: Path) -> None:
    """On the socket that it inherited, with the folder's key ring, into a journal of its own."""
    ring = keystore.load_or_create(tmp_path / DATA / keystore.NAME, traces=[])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with worker("edge", tmp_path, [listening]) as process, httpx2.AsyncClient() as client:
            host, port = listening.getsockname()
            response = await client.get(f"http://{host}:{port}{token_path(position=2, ring=ring)}")
    journal = tmp_path / DATA / "journal"
    recorded = [decode(entry.line) for entry in SegmentReader(journal, journal / "cursor.json").read(10)]

    assert (302, "https://shop.example/?a=b") == (response.status_code, response.headers["location"])
    assert [("spring", 2)] == [(click.campaign, click.link) for click in recorded if isinstance(click, Click)]
    assert (journal / "edge-0").is_dir()
    assert 0 == process.returncode


async def test_what_was_begun_is_finished_after_sigterm(tmp_path: Path) -> None:
    """Who waits for nothing is told good-bye; a request of which half has come is answered and recorded."""
    ring = keystore.load_or_create(tmp_path / DATA / keystore.NAME, traces=[])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with worker("edge", tmp_path, [listening]) as process:
            (idle, idle_end), (begun, begun_end) = [
                await asyncio.open_connection(*listening.getsockname()) for _ in range(2)
            ]
            complete = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
            idle_end.write(complete)
            begun_end.write(complete + f"GET {token_path(position=2, ring=ring)} HTTP/1.1\r\nHost: test\r\n".encode())
            for reader in (idle, begun):
                await reader.readuntil(b"}\n")
            process.terminate()
            await idle.read()
            begun_end.write(b"\r\n")
            answer = await begun.read()
            assert 0 == await process.wait()
            for end in (idle_end, begun_end):
                end.close()
    journal = tmp_path / DATA / "journal"
    recorded = [decode(entry.line) for entry in SegmentReader(journal, journal / "cursor.json").read(10)]
    assert answer.startswith(b"HTTP/1.1 302 ")
    assert ["spring"] == [event.campaign for event in recorded]


@pytest.mark.parametrize(("opted_out", "recorded"), [("anonymous", [("spring", 2, "human")]), ("none", [])])
async def test_of_who_asks_for_privacy_the_journal_has_no_trace(
    tmp_path: Path, opted_out: str, recorded: list[tuple[str, int, str]]
) -> None:
    """Neither address nor agent, message, recipient or time is in any file, and the reader arrives all the same."""
    ring = keystore.load_or_create(tmp_path / DATA / keystore.NAME, traces=[])
    (tmp_path / "clicktrail.toml").write_text(f'[privacy]\nopted_out = "{opted_out}"', "utf-8")
    headers = {
        "sec-gpc": "1",
        "x-forwarded-for": "203.0.113.9",
        "user-agent": "Mozilla/5.0 Private/7",
        "accept-language": "en",
    }
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        async with worker("edge", tmp_path, [listening]), httpx2.AsyncClient(headers=headers) as client:
            response = await client.get(f"http://{host}:{port}{token_path(position=2, ring=ring)}")
    journal = tmp_path / DATA / "journal"
    written = b"".join(path.read_bytes() for path in journal.rglob("*") if path.is_file())
    events = [decode(entry.line) for entry in SegmentReader(journal, journal / "cursor.json").read(10)]

    assert (302, "https://shop.example/?a=b") == (response.status_code, response.headers["location"])
    assert [] == [text for text in (b"203.0.113", b"Private/7", b"ann@", b"m1", b"sec-gpc") if text in written]
    clicks = [event for event in events if isinstance(event, AnonymousClick)]
    assert recorded == [(click.campaign, click.link, click.verdict) for click in clicks]
    assert all((click.at.minute, click.at.second) == (0, 0) for click in clicks)
    assert len(clicks) == len(events)
