import asyncio
from contextlib import nullcontext
from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.errors import KeyRingError
from clicktrail.judge.network_lists import Listed
from clicktrail.judge.networks import NetworkClass
from clicktrail.model.event import encode
from clicktrail.model.verdict import Verdict
from clicktrail.server import overrides_file
from clicktrail.server.operator_networks import OwnNetworks, Source, write
from clicktrail.server.pipeline.privacy import Marked
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.rejudge import Wanted
from clicktrail.server.ports import Entry
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.judge import CurrentJudge
from clicktrail.server.wiring.processing import (
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
    rejudge_beside,
)
from tests.support.judged_lines import click, sent
from tests.support.memory_analytics import MemoryAnalytics
from tests.support.recorded_journal import SENT, journal
from tests.support.recorded_journal import click as recorded_click


async def stored(settings: Settings) -> int:
    """How many events of the message are in analytics once the journal was processed."""
    async with open_analytics(settings) as analytics:
        await catch_up(build_processor(settings, build_reader(settings), analytics, build_judge(settings)))
        return len((await analytics.timelines(["m1"]))["m1"].events)


def erase(settings: Settings, recipient: str) -> None:
    """Mark a recipient as erased, as the edge's disk has it."""
    ring = keyring_file.load(settings.data / keyring_file.NAME)
    overrides_file.extend(settings.data / overrides_file.NAME, erased=[Marked(ring).mark(recipient)])


@pytest.mark.parametrize(("erased", "left"), [("anna@example.net", 0), ("bert@example.net", 2)])
def test_nothing_of_the_erased_is_processed(tmp_path: Path, erased: str, left: int) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.data / keyring_file.NAME, traces=[])
    journal(settings, SENT, recorded_click(0))
    erase(settings, erased)
    assert left == asyncio.run(stored(settings))


def test_without_the_key_ring_nobody_knows_who_was_erased(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    keyring_file.load_or_create(settings.data / keyring_file.NAME, traces=[])
    journal(settings, SENT)
    erase(settings, "anna@example.net")
    (settings.data / keyring_file.NAME).unlink()
    with pytest.raises(KeyRingError):
        asyncio.run(stored(settings))


VISITOR = "86.128.0.9"


class ListReader:
    """A journal of some clicks, which come one after the other."""

    def __init__(self, count: int) -> None:
        clicks = (
            replace(click("m1", f"{number}", after_s=3_600 * number), ip=VISITOR) for number in range(1, count + 1)
        )
        self._entries = [Entry(line, None) for line in (encode(sent("m1")), *map(encode, clicks))]

    def read(self, limit: int) -> list[Entry]:
        """The next lines."""
        found, self._entries = self._entries[:limit], self._entries[limit:]
        return found

    def commit(self) -> None:
        """Nothing that lasts."""


async def test_the_processor_goes_on_from_what_is_stored_now(tmp_path: Path) -> None:
    file, analytics = tmp_path / "networks.json", MemoryAnalytics()
    current = CurrentJudge(file, SystemClock())
    processor = Processor(ListReader(3), analytics, judge=current, on_unreadable=lambda _entry, _error: None)
    await processor.run_once(3)
    scanner = Listed(name="a scanner", kind=NetworkClass.MAIL_SECURITY, ranges=(f"{VISITOR}/32",))
    write(file, OwnNetworks(sources={"own": Source(read_at=SystemClock().now(), networks=(scanner,))}))
    current.refresh()
    turn = asyncio.Lock()
    (done,) = await rejudge_beside(processor, analytics, current, turn, Wanted(apply=True))
    assert (2, False) == (done["judged"], turn.locked())
    assert {Verdict.BOT} == {judged.verdict for judged in analytics.judged().values()}

    file.unlink()
    current.refresh()
    await processor.run_once(1)
    assert [Verdict.HUMAN] * 3 == [judged.verdict for judged in analytics.judged().values()]


async def test_a_turn_is_waited_for(tmp_path: Path) -> None:
    analytics, turn = MemoryAnalytics(), asyncio.Lock()
    current = CurrentJudge(tmp_path / "networks.json", SystemClock())
    processor = Processor(ListReader(1), analytics, judge=current, on_unreadable=lambda _entry, _error: None)
    await processor.run_once(2)
    await turn.acquire()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(rejudge_beside(processor, analytics, current, turn, Wanted()))
        done = await rejudge_beside(processor, analytics, current, nullcontext(), Wanted())
        assert not waiting.done()
        turn.release()
    assert done == waiting.result()
