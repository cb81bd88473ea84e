import asyncio
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


async def stored(settings: Settings) -> int:
    """How many events of the message are in analytics once the journal was processed."""
    async with open_analytics(settings) as analytics:
        await catch_up(build_processor(settings, build_reader(settings), analytics, build_judge(settings)))
        return len((await analytics.timelines(["m1"]))["m1"].events)


def erase(settings: Settings, recipient: str) -> None:
    """Mark a recipient as erased, as the edge's disk has it."""
    ring = keyring_file.load(settings.keyring_path)
    overrides_file.merge(settings.overrides_path, erased=[HashedRecipients(ring).hash_recipient(recipient)])


@pytest.mark.parametrize(("erased", "left"), [("anna@example.net", 0), ("bert@example.net", 2)])
def test_nothing_of_the_erased_is_processed(tmp_path: Path, erased: str, left: int) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    write_journal(settings, SENT, recorded_click(0))
    erase(settings, erased)
    assert left == asyncio.run(stored(settings))


def test_without_the_key_ring_nobody_knows_who_was_erased(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    write_journal(settings, SENT)
    erase(settings, "anna@example.net")
    (settings.keyring_path).unlink()
    with pytest.raises(KeyRingError):
        asyncio.run(stored(settings))


VISITOR = "86.128.0.9"


class ListReader:
    """A journal of some clicks, which come one after the other."""

    def __init__(self, count: int) -> None:
        clicks = (
            replace(click("m1", f"{number}", after_s=3_600 * number), ip=VISITOR) for number in range(1, count + 1)
        )
        self._entries = [JournalEntry(line, None) for line in (encode_event(sent("m1")), *map(encode_event, clicks))]

    async def read(self, limit: int) -> list[JournalEntry]:
        """The next lines."""
        found, self._entries = self._entries[:limit], self._entries[limit:]
        return found

    async def commit(self) -> None:
        """Nothing that lasts."""


async def test_the_processor_goes_on_from_what_is_stored_now(tmp_path: Path) -> None:
    file, analytics = tmp_path / "networks.json", MemoryAnalytics()
    current = ReloadingJudge(file, SystemClock())
    processor = Processor(ListReader(3), analytics, judge=current, on_unreadable=lambda _entry, _error: None)
    await processor.run_once(3)
    scanner = ListedNetwork(name="a scanner", network_class=NetworkClass.MAIL_SECURITY, ranges=(f"{VISITOR}/32",))
    write(file, OperatorNetworks(sources={"own": NetworkSource(read_at=SystemClock().now(), networks=(scanner,))}))
    current.refresh()
    turn = asyncio.Lock()
    (done,) = await rejudge_and_clear_cache(processor, analytics, current, turn, RejudgeRequest(apply=True))
    assert (2, False) == (done.judged_count, turn.locked())
    assert {Verdict.BOT} == {judged.verdict for judged in analytics.judged_clicks().values()}

    file.unlink()
    current.refresh()
    await processor.run_once(1)
    assert [Verdict.HUMAN] * 3 == [judged.verdict for judged in analytics.judged_clicks().values()]


async def test_a_turn_is_waited_for(tmp_path: Path) -> None:
    analytics, turn = MemoryAnalytics(), asyncio.Lock()
    current = ReloadingJudge(tmp_path / "networks.json", SystemClock())
    processor = Processor(ListReader(1), analytics, judge=current, on_unreadable=lambda _entry, _error: None)
    await processor.run_once(2)
    await turn.acquire()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(rejudge_and_clear_cache(processor, analytics, current, turn, RejudgeRequest()))
        done = await rejudge_and_clear_cache(processor, analytics, current, nullcontext(), RejudgeRequest())
        assert not waiting.done()
        turn.release()
    assert done == waiting.result()
