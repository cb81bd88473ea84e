import asyncio
import socket
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import httpx2
import pytest
import structlog

from clicktrail import keyring_file
from clicktrail.errors import StorageError
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import AnonymousClick, Click, decode_event
from clicktrail.model.tracking_domain import ServedDomain, TrackingDomain
from clicktrail.server import overrides_file, served_domains
from clicktrail.server.edge.routes import Sites
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.served_domains import ServedDomains
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.edge import FileReloader
from clicktrail.tokens import KeyRing, SealedLink, seal_token
from tests.support.edge import NOW, build_routes, token_path
from tests.support.files import iterate_file_contents
from tests.support.manual_journal import ManualJournal
from tests.support.recorded_journal import read_journal_lines
from tests.support.waiting import wait_until
from tests.support.worker_process import running_worker

DATA = "clicktrail-data"


async def test_worker_redirects_and_records(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / DATA / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with running_worker("edge", tmp_path, [listening]) as process, httpx2.AsyncClient() as client:
            host, port = listening.getsockname()
            response = await client.get(f"http://{host}:{port}{token_path(position=2, ring=ring)}")
    journal = tmp_path / DATA / "journal"
    recorded = [decode_event(line) for line in read_journal_lines(journal)]

    assert (response.status_code, response.headers["location"]) == (302, "https://shop.example/?a=b")
    assert [(click.campaign, click.link) for click in recorded if isinstance(click, Click)] == [("spring", 2)]
    assert (journal / "edge-0").is_dir()
    assert process.returncode == 0


async def test_request_in_progress_is_answered_after_sigterm(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / DATA / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with running_worker("edge", tmp_path, [listening]) as process:
            (idle, idle_writer), (partial, partial_writer) = [
                await asyncio.open_connection(*listening.getsockname()) for _ in range(2)
            ]
            complete = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
            idle_writer.write(complete)
            partial_writer.write(
                complete + f"GET {token_path(position=2, ring=ring)} HTTP/1.1\r\nHost: test\r\n".encode()
            )
            for reader in (idle, partial):
                await reader.readuntil(b"}\n")
            process.terminate()
            await idle.read()
            partial_writer.write(b"\r\n")
            answer = await partial.read()
            assert await process.wait() == 0
            for writer in (idle_writer, partial_writer):
                writer.close()
    journal = tmp_path / DATA / "journal"
    recorded = [decode_event(line) for line in read_journal_lines(journal)]
    assert answer.startswith(b"HTTP/1.1 302 ")
    assert [event.campaign for event in recorded] == ["spring"]


@pytest.mark.parametrize(("opted_out", "recorded"), [("anonymous", [("spring", 2, "human")]), ("none", [])])
async def test_opted_out_reader_leaves_no_trace_in_the_journal(
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
    written = b"".join(content for _, content in iterate_file_contents(journal))
    events = [decode_event(line) for line in read_journal_lines(journal)]

    assert (response.status_code, response.headers["location"]) == (302, "https://shop.example/?a=b")
    assert [text for text in (b"203.0.113", b"Private/7", b"ann@", b"m1", b"sec-gpc") if text in written] == []
    clicks = [event for event in events if isinstance(event, AnonymousClick)]
    assert recorded == [(click.campaign, click.link, click.verdict) for click in clicks]
    assert all((click.at.minute, click.at.second) == (0, 0) for click in clicks)
    assert len(clicks) == len(events)


DISABLED = LinkEdit(id="a", at=NOW, target=EditTarget(host="shop.example"), action=EditAction.DISABLE)
RESTORED = LinkEdit(id="b", at=NOW + timedelta(days=1), target=DISABLED.target, action=EditAction.RESTORE)
ANN = "ann@example.org"


class ReloadedEdge:
    """Routes with a reloader of files in a folder.

    Attributes:
        rings: each key ring that was reloaded.
    """

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=str(folder))
        self.rings: list[KeyRing] = []
        self.routes = build_routes(ManualJournal())
        self.reloader = FileReloader(
            self.settings,
            self.routes,
            keyring_file.load_or_create(self.settings.keyring_path, earlier_data_paths=[]),
            on_key_ring=self.rings.append,
            build_sites=Sites,
        )

    def write_domains(self, *sites: TrackingDomain) -> None:
        """Write the tracking domains as a command does."""
        write_served_domains(self.settings.served_domains_path, *sites)

    def is_served(self, host: str) -> bool:
        """Whether requests to a host are answered."""
        return self.routes.sites.find(host) is not None

    async def reload(self) -> list[str]:
        """Reload what changed. Returns the errors logged."""
        with structlog.testing.capture_logs() as log:
            await self.reloader.reload_changed()
        return [str(entry["error"]) for entry in log]


async def test_unreadable_or_missing_file_changes_nothing(tmp_path: Path) -> None:
    edge = ReloadedEdge(tmp_path)
    await edge.reload()
    overrides_file.merge(edge.settings.overrides_path, edits=[DISABLED])
    await edge.reload()
    active_edits = edge.routes.overrides
    for path in (edge.settings.keyring_path, edge.settings.overrides_path):
        path.write_text("{")
        await edge.reload()
        path.unlink()
        await edge.reload()
    assert edge.routes.overrides is active_edits
    assert len(edge.rings) == 1


async def test_changed_key_ring_is_reloaded_once(tmp_path: Path) -> None:
    edge = ReloadedEdge(tmp_path)
    path = edge.settings.keyring_path
    denied = HashedRecipients(keyring_file.load(path)).hash_recipient(ANN)
    overrides_file.merge(
        edge.settings.overrides_path, consents=[ConsentRecord(recipient=denied, consent=Consent.DENIED, at=NOW)]
    )
    for change in (lambda: None, lambda: keyring_file.rotate(path), lambda: keyring_file.revoke(path, 0)):
        change()
        assert await edge.reload() + await edge.reload() == []
        assert ANN in edge.routes.denied
    assert [[key.number for key in ring.keys] for ring in edge.rings] == [[0], [1, 0], [1, 0]]


async def test_failed_read_is_logged_once_and_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edge = ReloadedEdge(tmp_path)
    await edge.reload()
    overrides_file.merge(edge.settings.overrides_path, edits=[DISABLED])

    def fail(_path: Path) -> NoReturn:
        raise StorageError("disk error")

    with monkeypatch.context() as patch:
        patch.setattr(overrides_file, "read", fail)
        assert await edge.reload() + await edge.reload() == ["disk error"]
    before = edge.routes.overrides
    assert await edge.reload() == []
    assert edge.routes.overrides is not before


OLD, NEW = TrackingDomain(host="old.example"), TrackingDomain(host="new.example", assetlinks="[1]")


async def test_changed_tracking_domains_are_reloaded(tmp_path: Path) -> None:
    edge = ReloadedEdge(tmp_path)
    served = []
    for domains in ((OLD,), (NEW,), (NEW, OLD), ()):
        edge.write_domains(*domains)
        assert await edge.reload() == []
        served.append([edge.is_served(host) for host in ("old.example", "new.example", "other.example")])
    assert served == [[True, False, False], [False, True, False], [True, True, False], [True, True, True]]


async def test_unreadable_tracking_domains_keep_the_old_ones_until_corrected(tmp_path: Path) -> None:
    edge = ReloadedEdge(tmp_path)
    edge.write_domains(OLD)
    await edge.reload()
    edge.settings.served_domains_path.write_text("{")
    (error,) = await edge.reload() + await edge.reload()
    assert "cannot read the tracking domains in" in error
    assert edge.reloader.unreadable_kinds == ["tracking domains"]
    edge.settings.served_domains_path.unlink()
    assert await edge.reload() == []
    assert (edge.is_served("old.example"), edge.is_served("new.example")) == (True, False)
    edge.write_domains(NEW)
    assert await edge.reload() == []
    assert (edge.is_served("old.example"), edge.is_served("new.example")) == (False, True)


async def test_unreadable_tracking_domains_at_the_start_leave_every_host_served(tmp_path: Path) -> None:
    edge = ReloadedEdge(tmp_path)
    edge.settings.served_domains_path.write_text("{")
    assert len(await edge.reload()) == 1
    assert edge.is_served("old.example")


async def test_running_worker_reloads_overrides_and_domains(tmp_path: Path) -> None:
    data = tmp_path / DATA
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
    write_served_domains(data / "domains.json", TrackingDomain(host="127.0.0.1"))
    overrides_file.merge(data / "overrides.json", edits=[DISABLED])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/{seal_token(ring, sealed)}"
        async with running_worker("edge", tmp_path, [listening]), httpx2.AsyncClient() as client:
            assert (await client.get(url)).status_code == httpx2.codes.GONE
            overrides_file.merge(data / "overrides.json", edits=[RESTORED])
            await wait_for_status(client, url, httpx2.codes.FOUND)
            write_served_domains(data / "domains.json", TrackingDomain(host="links.example"))
            await wait_for_status(client, url, httpx2.codes.MISDIRECTED_REQUEST)


def write_served_domains(path: Path, *sites: TrackingDomain) -> None:
    """Write the file of the tracking domains that the edge serves."""
    domains = tuple(ServedDomain(site=site) for site in sites)
    served_domains.write(path, ServedDomains(domains=domains))


async def wait_for_status(client: httpx2.AsyncClient, url: str, status: httpx2.codes) -> None:
    """Request a URL again and again until it answers with a status."""
    await wait_until(lambda: client.get(url), lambda response: response.status_code == status)


DAMAGED = (b"{", b"\xff", b"[" * 100_000, b'{"edits": [{}]}', b"")


async def test_damaged_file_is_a_problem_until_it_is_read(tmp_path: Path) -> None:
    edge = ReloadedEdge(tmp_path)
    await edge.reload()
    ring = edge.settings.keyring_path.read_bytes()
    overrides_file.merge(edge.settings.overrides_path, edits=[DISABLED])
    overrides = edge.settings.overrides_path.read_bytes()
    for damaged in DAMAGED:
        edge.settings.overrides_path.write_bytes(damaged)
        edge.settings.keyring_path.write_bytes(damaged)
        await edge.reload()
        await edge.reload()
        assert edge.reloader.unreadable_kinds == ["key ring", "overrides"]
        edge.settings.overrides_path.write_bytes(overrides)
        edge.settings.keyring_path.write_bytes(ring)
        assert await edge.reload() == []
        assert edge.reloader.unreadable_kinds == []
        assert edge.routes.overrides


async def test_another_key_ring_applies_to_hashed_recipients(tmp_path: Path) -> None:
    edge = ReloadedEdge(tmp_path)
    await edge.reload()
    keyring_file.load_or_create(tmp_path / "other" / keyring_file.FILE_NAME, earlier_data_paths=[])
    ring = keyring_file.load(tmp_path / "other" / keyring_file.FILE_NAME)
    overrides_file.merge(edge.settings.overrides_path, erased=[HashedRecipients(ring).hash_recipient(ANN)])
    await edge.reload()
    assert ANN not in edge.routes.erased
    (tmp_path / "other" / keyring_file.FILE_NAME).replace(edge.settings.keyring_path)
    await edge.reload()
    assert ANN in edge.routes.erased
