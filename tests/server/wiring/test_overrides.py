import asyncio
from pathlib import Path

import pytest

from clicktrail import keyring_file
from clicktrail.errors import StorageError
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
from tests.support.waiting import wait_until

DISABLED = LinkEdit(id="a", at=NOW, target=EditTarget(host="shop.example"), action=EditAction.DISABLE)


async def test_overrides_are_copied_and_survive_a_lost_registry(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    async with open_registry(settings) as registry:
        await registry.link_edits.add(DISABLED)
        await registry.erasures.add("ann@example.org", "mark", at=NOW)
        await copy_overrides(settings, registry)
    settings.registry_path.unlink()
    async with open_registry(settings) as registry:
        assert list(await registry.link_edits.list_all()) == []
        await copy_overrides(settings, registry)
    denial = ConsentRecord(recipient="mark", consent=Consent.DENIED, at=NOW)
    expected = overrides_file.OverridesSnapshot(edits=(DISABLED,), erased=frozenset({"mark"}), consents=(denial,))
    assert overrides_file.read(settings.overrides_path) == expected


async def test_denied_consent_is_copied_as_a_hash_until_granted(tmp_path: Path) -> None:
    settings, ann = Settings(data_dir=str(tmp_path)), "ann@example.org"
    ring = keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    denied_hashes = [frozenset({HashedRecipients(ring).hash_recipient(ann)}), frozenset[str]()]
    async with open_registry(settings) as registry:
        copier = OverridesCopier(settings, registry)
        await registry.consents.set("bob@example.org", Consent.GRANTED, at=NOW)
        for consent in (Consent.DENIED, Consent.GRANTED, Consent.DENIED, Consent.UNKNOWN):
            await registry.consents.set(ann, consent, at=SystemClock().now())
            await copier.run_once()
            await copy_overrides(settings, registry)
            assert (
                denied_hashes[consent is not Consent.DENIED] == overrides_file.read(tmp_path / "overrides.json").denied
            )
    assert len(overrides_file.read(tmp_path / "overrides.json").consents) == 1


async def test_machine_without_an_engine_copies_overrides(tmp_path: Path) -> None:
    settings, stopping = Settings(data_dir=str(tmp_path)), asyncio.Event()
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    async with open_registry(settings) as registry, asyncio.TaskGroup() as tasks:
        await registry.link_edits.add(DISABLED)
        tasks.create_task(run_overrides_copy(stopping, settings, registry))

        async def read_edits() -> tuple[LinkEdit, ...]:
            return overrides_file.read(tmp_path / "overrides.json").edits

        await wait_until(read_edits, lambda edits: edits == (DISABLED,))
        stopping.set()


async def test_engine_erases_recipients_after_the_batch_in_progress(tmp_path: Path) -> None:
    settings, analytics = Settings(data_dir=str(tmp_path)), MemoryAnalytics()
    ring = keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    ann = "ann@example.com"
    lines = [encode_event(event) for event in (sent("m1", recipient=ann), click("m1", "1", recipient=ann))]
    reader = ListReader(lines)
    processor = Processor(reader, analytics, judge=build_shipped_judge())
    await processor.run_once(1)
    async with open_registry(settings) as registry:
        job = OverridesJob(
            settings, registry=registry, event_store=analytics, processor=processor, store_lock=asyncio.Lock()
        )
        await job.erase_pending()
        assert list(analytics.events) == ["m1-sent"]
        analytics.remaining_failures = 1
        with pytest.raises(StorageError):
            await processor.run_once(1)
        await registry.erasures.add(ann, HashedRecipients(ring).hash_recipient(ann), at=NOW)
        await job.erase_pending()
        assert len(await registry.erasures.list_pending()) == 1
        await processor.run_once(1)
        await job.erase_pending()
        assert (list(await registry.erasures.list_pending()), list(analytics.events)) == ([], [])


async def test_recipient_who_is_granted_tracking_after_the_erasure_is_recorded_again(tmp_path: Path) -> None:
    settings, ann = Settings(data_dir=str(tmp_path)), "ann@example.com"
    ring = keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    recipient_hash = HashedRecipients(ring).hash_recipient(ann)
    async with open_registry(settings) as registry:
        await registry.erasures.add(ann, recipient_hash, at=NOW)
        await copy_overrides(settings, registry)
        overrides = overrides_file.read(settings.overrides_path)
        assert (overrides.currently_erased, overrides.denied) == (frozenset({recipient_hash}),) * 2
        await registry.consents.set(ann, Consent.GRANTED, at=SystemClock().now())
        await copy_overrides(settings, registry)
        overrides = overrides_file.read(settings.overrides_path)
        assert (overrides.currently_erased, overrides.denied) == (frozenset(), frozenset())
