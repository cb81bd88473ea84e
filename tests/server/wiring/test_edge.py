import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from clicktrail import keyring_file
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import AnonymousClick, Click, decode_event
from clicktrail.server import overrides_file
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.wiring.edge import FileReloader
from clicktrail.tokens import KeyRing, SealedLink, seal_token
from tests.support.edge import NOW, build_routes, token_path
from tests.support.held_journal import ManualJournal
from tests.support.recorded_journal import read_journal_lines
from tests.support.worker_process import running_worker

DATA = "clicktrail-data"


async def test_a_worker_redirects_and_records(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / DATA / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with running_worker("edge", tmp_path, [listening]) as process, httpx2.AsyncClient() as client:
            host, port = listening.getsockname()
            response = await client.get(f"http://{host}:{port}{token_path(position=2, ring=ring)}")
    journal = tmp_path / DATA / "journal"
    recorded = [decode_event(line) for line in read_journal_lines(journal)]

    assert (302, "https://shop.example/?a=b") == (response.status_code, response.headers["location"])
    assert [("spring", 2)] == [(click.campaign, click.link) for click in recorded if isinstance(click, Click)]
    assert (journal / "edge-0").is_dir()
    assert 0 == process.returncode


async def test_what_was_begun_is_finished_after_sigterm(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / DATA / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with running_worker("edge", tmp_path, [listening]) as process:
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
    recorded = [decode_event(line) for line in read_journal_lines(journal)]
    assert answer.startswith(b"HTTP/1.1 302 ")
    assert ["spring"] == [event.campaign for event in recorded]


@pytest.mark.parametrize(("opted_out", "recorded"), [("anonymous", [("spring", 2, "human")]), ("none", [])])
async def test_of_who_asks_for_privacy_the_journal_has_no_trace(
    tmp_path: Path, opted_out: str, recorded: list[tuple[str, int, str]]
) -> None:
    ring = keyring_file.load_or_create(tmp_path / DATA / keyring_file.FILE_NAME, earlier_data_paths=[])
    (tmp_path / "clicktrail.toml").write_text(f'[privacy]\nopted_out = "{opted_out}"', "utf-8")
    headers = {
        "sec-gpc": "1",
        "x-forwarded-for": "203.0.113.9",
        "user-agent": "Mozilla/5.0 Private/7",
        "accept-language": "en",
    }
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        async with running_worker("edge", tmp_path, [listening]), httpx2.AsyncClient(headers=headers) as client:
            response = await client.get(f"http://{host}:{port}{token_path(position=2, ring=ring)}")
    journal = tmp_path / DATA / "journal"
    written = b"".join(path.read_bytes() for path in journal.rglob("*") if path.is_file())
    events = [decode_event(line) for line in read_journal_lines(journal)]

    assert (302, "https://shop.example/?a=b") == (response.status_code, response.headers["location"])
    assert [] == [text for text in (b"203.0.113", b"Private/7", b"ann@", b"m1", b"sec-gpc") if text in written]
    clicks = [event for event in events if isinstance(event, AnonymousClick)]
    assert recorded == [(click.campaign, click.link, click.verdict) for click in clicks]
    assert all((click.at.minute, click.at.second) == (0, 0) for click in clicks)
    assert len(clicks) == len(events)


DISABLED = LinkEdit(id="a", at=NOW, target=EditTarget(host="shop.example"), action=EditAction.DISABLE)
RESTORED = LinkEdit(id="b", at=NOW + timedelta(days=1), target=DISABLED.target, action=EditAction.RESTORE)
ANN = "ann@example.org"


def test_what_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    keys, overrides, routes = (
        tmp_path / keyring_file.FILE_NAME,
        tmp_path / overrides_file.FILE_NAME,
        build_routes(ManualJournal()),
    )
    rings: list[KeyRing] = []
    following = FileReloader(
        tmp_path, keyring_file.load_or_create(keys, earlier_data_paths=[]), on_key_ring=rings.append
    )
    following.reload_changed(routes)
    none = routes.overrides
    overrides_file.merge(overrides, edits=[DISABLED])
    following.reload_changed(routes)
    shown = routes.overrides
    assert shown is not none
    for path in (keys, overrides):
        path.write_text("{")
        following.reload_changed(routes)
        path.unlink()
        following.reload_changed(routes)
    assert routes.overrides is shown
    assert 1 == len(rings)


def test_a_changed_ring_is_gone_by(tmp_path: Path) -> None:
    path, routes, rings = tmp_path / keyring_file.FILE_NAME, build_routes(ManualJournal()), list[KeyRing]()
    mark = HashedRecipients(keyring_file.load_or_create(path, earlier_data_paths=[])).hash_recipient(ANN)
    overrides_file.merge(
        tmp_path / overrides_file.FILE_NAME, consents=[ConsentRecord(recipient=mark, consent=Consent.DENIED, at=NOW)]
    )
    following = FileReloader(tmp_path, keyring_file.load(path), on_key_ring=rings.append)
    for change in (lambda: None, lambda: keyring_file.rotate(path), lambda: keyring_file.revoke(path, 0)):
        change()
        following.reload_changed(routes)
        following.reload_changed(routes)
        assert ANN in routes.denied
    assert [[0], [1, 0], [1, 0]] == [[key.number for key in ring.keys] for ring in rings]


async def test_a_running_edge_goes_by_what_is_changed(tmp_path: Path) -> None:
    data = tmp_path / "clicktrail-data"
    ring = keyring_file.load_or_create(data / keyring_file.FILE_NAME, earlier_data_paths=[])
    sealed = SealedLink(
        destination="https://shop.example/",
        message_id="m1",
        recipient=ANN,
        campaign="spring",
        position=0,
        link_count=1,
        sent_at=NOW,
    )
    overrides_file.merge(data / overrides_file.FILE_NAME, edits=[DISABLED])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/{seal_token(ring, sealed)}"
        async with running_worker("edge", tmp_path, [listening]), httpx2.AsyncClient() as client:
            assert (await client.get(url)).status_code == httpx2.codes.GONE
            overrides_file.merge(data / overrides_file.FILE_NAME, edits=[RESTORED])
            async with asyncio.timeout(10):
                while (await client.get(url)).status_code != httpx2.codes.FOUND:
                    pass
