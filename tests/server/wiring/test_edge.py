import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from clicktrail import keyring_file
from clicktrail.model.consent import Consent, Said
from clicktrail.model.edit import EditAction, LinkEdit, Target
from clicktrail.model.event import AnonymousClick, Click, decode
from clicktrail.server import overrides_file
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.pipeline.privacy import Marked
from clicktrail.server.wiring.edge import Following
from clicktrail.tokens import KeyRing, Sealed, seal
from tests.support.edge import NOW, routes_for, token_path
from tests.support.held_journal import HeldJournal
from tests.support.worker_process import worker

DATA = "clicktrail-data"


async def test_a_worker_redirects_and_records(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / DATA / keyring_file.NAME, traces=[])
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
    ring = keyring_file.load_or_create(tmp_path / DATA / keyring_file.NAME, traces=[])
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
    ring = keyring_file.load_or_create(tmp_path / DATA / keyring_file.NAME, traces=[])
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


DISABLED = LinkEdit(id="a", at=NOW, target=Target(host="shop.example"), action=EditAction.DISABLE)
RESTORED = LinkEdit(id="b", at=NOW + timedelta(days=1), target=DISABLED.target, action=EditAction.RESTORE)
ANN = "ann@example.org"


def test_what_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    keys, overrides, routes = tmp_path / keyring_file.NAME, tmp_path / overrides_file.NAME, routes_for(HeldJournal())
    rings: list[KeyRing] = []
    following = Following(tmp_path, keyring_file.load_or_create(keys, traces=[]), unlock=rings.append)
    following.show(routes)
    none = routes.overrides
    overrides_file.extend(overrides, edits=[DISABLED])
    following.show(routes)
    shown = routes.overrides
    assert shown is not none
    for path in (keys, overrides):
        path.write_text("{")
        following.show(routes)
        path.unlink()
        following.show(routes)
    assert routes.overrides is shown
    assert 1 == len(rings)


def test_a_changed_ring_is_gone_by(tmp_path: Path) -> None:
    path, routes, rings = tmp_path / keyring_file.NAME, routes_for(HeldJournal()), list[KeyRing]()
    mark = Marked(keyring_file.load_or_create(path, traces=[])).mark(ANN)
    overrides_file.extend(
        tmp_path / overrides_file.NAME, consents=[Said(recipient=mark, consent=Consent.DENIED, at=NOW)]
    )
    following = Following(tmp_path, keyring_file.load(path), unlock=rings.append)
    for change in (lambda: None, lambda: keyring_file.rotate(path), lambda: keyring_file.revoke(path, 0)):
        change()
        following.show(routes)
        following.show(routes)
        assert ANN in routes.denied
    assert [[0], [1, 0], [1, 0]] == [[key.number for key in ring.keys] for ring in rings]


async def test_a_running_edge_goes_by_what_is_changed(tmp_path: Path) -> None:
    data = tmp_path / "clicktrail-data"
    ring = keyring_file.load_or_create(data / keyring_file.NAME, traces=[])
    sealed = Sealed(
        destination="https://shop.example/",
        message_id="m1",
        recipient=ANN,
        campaign="spring",
        position=0,
        links=1,
        sent_at=NOW,
    )
    overrides_file.extend(data / overrides_file.NAME, edits=[DISABLED])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/{seal(ring, sealed)}"
        async with worker("edge", tmp_path, [listening]), httpx2.AsyncClient() as client:
            assert (await client.get(url)).status_code == httpx2.codes.GONE
            overrides_file.extend(data / overrides_file.NAME, edits=[RESTORED])
            async with asyncio.timeout(10):
                while (await client.get(url)).status_code != httpx2.codes.FOUND:
                    pass
