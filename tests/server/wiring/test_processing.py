import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.errors import KeyRingError
from clicktrail.judge.network_lists import ListedNetwork
from clicktrail.judge.networks import NetworkClass
from clicktrail.model.event import encode_event
from clicktrail.model.verdict import Verdict
from clicktrail.server import overrides_file
from clicktrail.server.operator_networks import NetworkSource, OperatorNetworks, write
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.rejudge import RejudgeRequest
from clicktrail.server.ports import JournalEntry
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.judge import ReloadingJudge
from clicktrail.server.wiring.processing import (
    MAX_BATCH_LINES,
    BatchSize,
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
    rejudge_and_clear_cache,
)
from tests.support.judged_lines import click, sent
from tests.support.memory_analytics import MemoryAnalytics
from tests.support.recorded_journal import SENT, write_journal
from tests.support.recorded_journal import click as recorded_click


async def process_and_count(settings: Settings) -> int:
    """Process the journal, and count the stored events of the message."""
    async with open_analytics(settings) as analytics:
        await catch_up(build_processor(settings, build_reader(settings), analytics, build_judge(settings)))
        return len((await analytics.timelines(["m1"]))["m1"].events)


def erase(settings: Settings, recipient: str) -> None:
    """Add an erased recipient to the overrides file."""
    ring = keyring_file.load(settings.keyring_path)
    overrides_file.merge(settings.overrides_path, erased=[HashedRecipients(ring).hash_recipient(recipient)])


@pytest.mark.parametrize(("erased", "expected"), [("anna@example.net", 0), ("bert@example.net", 2)])
def test_events_of_erased_recipients_are_skipped(tmp_path: Path, erased: str, expected: int) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    write_journal(settings, SENT, recorded_click(0))
    erase(settings, erased)
    assert asyncio.run(process_and_count(settings)) == expected


def test_erased_recipients_need_the_key_ring(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    write_journal(settings, SENT)
    erase(settings, "anna@example.net")
    settings.keyring_path.unlink()
    with pytest.raises(KeyRingError):
        asyncio.run(process_and_count(settings))


IP = "86.128.0.9"


class ListReader:
    """A journal with a number of clicks, one per hour."""

    def __init__(self, count: int) -> None:
        clicks = (replace(click("m1", f"{number}", after_s=3_600 * number), ip=IP) for number in range(1, count + 1))
        self._entries = [JournalEntry(line, None) for line in (encode_event(sent("m1")), *map(encode_event, clicks))]

    @property
    def position(self) -> None:
        """No position."""

    async def read(self, limit: int) -> list[JournalEntry]:
        """Return the next entries."""
        entries, self._entries = self._entries[:limit], self._entries[limit:]
        return entries

    async def erase(self, _entries: Sequence[JournalEntry]) -> None:
        """Do nothing."""

    async def commit(self, position: object = None) -> None:
        """Do nothing."""


async def test_processor_continues_with_the_new_verdicts(tmp_path: Path) -> None:
    file, analytics = tmp_path / "networks.json", MemoryAnalytics()
    current = ReloadingJudge(file, SystemClock())
    processor = Processor(ListReader(3), analytics, judge=current)
    await processor.run_once(3)
    scanner = ListedNetwork(name="a scanner", network_class=NetworkClass.MAIL_SECURITY, ranges=(f"{IP}/32",))
    write(file, OperatorNetworks(sources={"own": NetworkSource(read_at=SystemClock().now(), networks=(scanner,))}))
    current.refresh()
    store_lock = asyncio.Lock()
    (result,) = await rejudge_and_clear_cache(processor, analytics, current, store_lock, RejudgeRequest(apply=True))
    assert (result.judged_count, store_lock.locked()) == (2, False)
    assert {judged.verdict for judged in analytics.judged_clicks().values()} == {Verdict.BOT}

    file.unlink()
    current.refresh()
    await processor.run_once(1)
    assert [judged.verdict for judged in analytics.judged_clicks().values()] == [Verdict.HUMAN] * 3


def test_slow_batch_makes_the_next_ones_smaller() -> None:
    size = BatchSize()
    sizes = [size.lines]
    for lines, duration_s in [(5_000, 0.9), (5_000, 2.0), (2_500, 60.0), (1_000, 0.1), (9, 0.1), (1, 0.1)]:
        size.update(lines=lines, duration_s=duration_s)
        sizes.append(size.lines)
    assert sizes == [MAX_BATCH_LINES, MAX_BATCH_LINES, 2_500, 1_000, 2_000, 4_000, MAX_BATCH_LINES]


async def test_rejudging_waits_for_the_store_lock(tmp_path: Path) -> None:
    analytics, store_lock = MemoryAnalytics(), asyncio.Lock()
    current = ReloadingJudge(tmp_path / "networks.json", SystemClock())
    processor = Processor(ListReader(1), analytics, judge=current)
    await processor.run_once(2)
    await store_lock.acquire()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(
            rejudge_and_clear_cache(processor, analytics, current, store_lock, RejudgeRequest())
        )
        results = await rejudge_and_clear_cache(processor, analytics, current, nullcontext(), RejudgeRequest())
        assert not waiting.done()
        store_lock.release()
    assert waiting.result() == results
