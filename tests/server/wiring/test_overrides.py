import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import httpx2

from clicktrail.model.edit import EditAction, LinkEdit, Target
from clicktrail.model.event import encode
from clicktrail.server import keystore, snapshot
from clicktrail.server.pipeline.overrides import Erased
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.judging import shipped_judge
from clicktrail.server.wiring.overrides import OverridesFile, Overriding, copy_overrides, copy_until
from clicktrail.server.wiring.registry import open_registry
from clicktrail.tokens import Sealed, seal
from tests.edges import NOW, RING, routes_for
from tests.journals import HeldJournal
from tests.judged import click, sent
from tests.server.memory_analytics import MemoryAnalytics
from tests.server.pipeline.test_process import ListReader
from tests.workers import worker

DISABLED = LinkEdit(id="a", at=NOW, target=Target(host="shop.example"), action=EditAction.DISABLE)
RESTORED = LinkEdit(id="b", at=NOW + timedelta(days=1), target=DISABLED.target, action=EditAction.RESTORE)


async def test_the_registrys_overrides_are_copied(tmp_path: Path) -> None:
    """Once and for all: a registry that was lost takes none away."""
    settings = Settings(data_dir=str(tmp_path))
    async with open_registry(settings) as registry:
        await registry.link_edits.add(DISABLED)
        await registry.erasures.add("ann@example.org", "mark", at=NOW)
        await copy_overrides(settings, registry)
    settings.registry_file.unlink()
    async with open_registry(settings) as registry:
        assert [] == list(await registry.link_edits.all())
        await copy_overrides(settings, registry)
    kept = snapshot.Snapshot(edits=(DISABLED,), erased=frozenset({"mark"}))
    assert kept == snapshot.read(tmp_path / snapshot.NAME)


async def test_a_machine_without_an_engine_copies_too(tmp_path: Path) -> None:
    """From the registry of another one."""
    settings, stopping = Settings(data_dir=str(tmp_path)), asyncio.Event()
    async with open_registry(settings) as registry, asyncio.TaskGroup() as tasks:
        await registry.link_edits.add(DISABLED)
        tasks.create_task(copy_until(stopping, settings, registry))
        async with asyncio.timeout(10):
            while snapshot.read(tmp_path / snapshot.NAME).edits != (DISABLED,):
                await asyncio.to_thread(lambda: None)
        stopping.set()


async def test_the_engine_erases_whom_somebody_asked_to_erase(tmp_path: Path) -> None:
    """In what is stored, in what comes in later, and in the registry once that is sure."""
    settings, analytics = Settings(data_dir=str(tmp_path)), MemoryAnalytics()
    ring = keystore.load_or_create(settings.data / keystore.NAME, traces=[])
    ann = "ann@example.com"
    told = [encode(event) for event in (sent("m1", recipient=ann), click("m1", "1", recipient=ann))]
    reader = ListReader(told)
    processor = Processor(reader, analytics, judge=shipped_judge(), on_unreadable=lambda _entry, _error: None)
    await processor.run_once(1)
    async with open_registry(settings) as registry:
        overriding = Overriding(settings, registry=registry, analytics=analytics, processor=processor)
        await overriding.run_once()
        assert ["m1-sent"] == list(analytics.events)
        await registry.erasures.add(ann, Erased(ring).mark(ann), at=NOW)
        await overriding.run_once()
        await processor.run_once(1)
        assert ([ann], []) == (list(await registry.erasures.pending()), list(analytics.events))
        await overriding.run_once()
        assert [] == list(await registry.erasures.pending())


def test_what_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    """A disabled link stays so when its file is damaged, or gone."""
    path, routes = tmp_path / snapshot.NAME, routes_for(HeldJournal())
    file = OverridesFile(path, RING)
    file.show(routes)
    none = routes.overrides
    snapshot.extend(path, edits=[DISABLED], erased=[])
    file.show(routes)
    shown = routes.overrides
    assert shown is not none
    path.write_text("{")
    file.show(routes)
    path.unlink()
    file.show(routes)
    assert routes.overrides is shown


async def test_a_running_edge_goes_by_what_is_changed(tmp_path: Path) -> None:
    """By what there was at its start, and by what there is a second later; there is no registry."""
    data = tmp_path / "clicktrail-data"
    ring = keystore.load_or_create(data / keystore.NAME, traces=[])
    sealed = Sealed(
        destination="https://shop.example/",
        message_id="m1",
        recipient="ann@example.org",
        campaign="spring",
        position=0,
        links=1,
        sent_at=NOW,
    )
    snapshot.extend(data / snapshot.NAME, edits=[DISABLED], erased=[])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/{seal(ring, sealed)}"
        async with worker("edge", tmp_path, [listening]), httpx2.AsyncClient() as client:
            assert (await client.get(url)).status_code == httpx2.codes.GONE
            snapshot.extend(data / snapshot.NAME, edits=[RESTORED], erased=[])
            async with asyncio.timeout(10):
                while (await client.get(url)).status_code != httpx2.codes.FOUND:
                    pass
