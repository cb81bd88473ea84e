import asyncio
from pathlib import Path

from clicktrail import keyring_file
from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import encode_event
from clicktrail.server import overrides_file
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.overrides import OverridesCopier, OverridesJob, copy_overrides, run_overrides_copy
from clicktrail.server.wiring.stores import open_registry
from tests.server.pipeline.test_process import ListReader
from tests.support.edge import NOW
from tests.support.judged_lines import click, sent
from tests.support.memory_analytics import MemoryAnalytics

DISABLED = LinkEdit(id="a", at=NOW, target=EditTarget(host="shop.example"), action=EditAction.DISABLE)


async def test_the_registrys_overrides_are_copied(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    ring = keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    async with open_registry(settings) as registry:
        await registry.link_edits.add(DISABLED)
        await registry.erasures.add("ann@example.org", "mark", at=NOW)
        await copy_overrides(settings, registry)
    settings.registry_path.unlink()
    async with open_registry(settings) as registry:
        assert [] == list(await registry.link_edits.list_all())
        await copy_overrides(settings, registry)
    refusal = ConsentRecord(
        recipient=HashedRecipients(ring).hash_recipient("ann@example.org"), consent=Consent.DENIED, at=NOW
    )
    kept = overrides_file.OverridesSnapshot(edits=(DISABLED,), erased=frozenset({"mark"}), consents=(refusal,))
    assert kept == overrides_file.read(tmp_path / "overrides.json")


async def test_who_denies_is_known_by_a_mark_until_they_agree(tmp_path: Path) -> None:
    settings, ann = Settings(data_dir=str(tmp_path)), "ann@example.org"
    ring = keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    denied = [frozenset({HashedRecipients(ring).hash_recipient(ann)}), frozenset[str]()]
    async with open_registry(settings) as registry:
        copying = OverridesCopier(settings, registry)
        await registry.consents.set("bob@example.org", Consent.GRANTED, at=NOW)
        for said in (Consent.DENIED, Consent.GRANTED, Consent.DENIED, Consent.UNKNOWN):
            await registry.consents.set(ann, said, at=SystemClock().now())
            await copying.run_once()
            await copy_overrides(settings, registry)
            assert denied[said is not Consent.DENIED] == overrides_file.read(tmp_path / "overrides.json").denied
    assert 1 == len(overrides_file.read(tmp_path / "overrides.json").consents)


async def test_a_machine_without_an_engine_copies_too(tmp_path: Path) -> None:
    settings, stopping = Settings(data_dir=str(tmp_path)), asyncio.Event()
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    async with open_registry(settings) as registry, asyncio.TaskGroup() as tasks:
        await registry.link_edits.add(DISABLED)
        tasks.create_task(run_overrides_copy(stopping, settings, registry))
        async with asyncio.timeout(10):
            while overrides_file.read(tmp_path / "overrides.json").edits != (DISABLED,):
                await asyncio.to_thread(lambda: None)
        stopping.set()


async def test_the_engine_erases_whom_somebody_asked_to_erase(tmp_path: Path) -> None:
    settings, analytics = Settings(data_dir=str(tmp_path)), MemoryAnalytics()
    ring = keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    ann = "ann@example.com"
    told = [encode_event(event) for event in (sent("m1", recipient=ann), click("m1", "1", recipient=ann))]
    reader = ListReader(told)
    processor = Processor(reader, analytics, judge=build_shipped_judge(), on_unreadable=lambda _entry, _error: None)
    await processor.run_once(1)
    async with open_registry(settings) as registry:
        overriding = OverridesJob(settings, registry=registry, event_store=analytics, processor=processor)
        await overriding.run_once()
        assert ["m1-sent"] == list(analytics.events)
        await registry.erasures.add(ann, HashedRecipients(ring).hash_recipient(ann), at=NOW)
        await overriding.run_once()
        await processor.run_once(1)
        assert ([ann], []) == (list(await registry.erasures.list_pending()), list(analytics.events))
        await overriding.run_once()
        assert [] == list(await registry.erasures.list_pending())
