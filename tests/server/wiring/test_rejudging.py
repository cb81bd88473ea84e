import asyncio
from contextlib import nullcontext
from pathlib import Path

from msgspec.structs import replace

from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.published import Listed
from clicktrail.model.event import encode
from clicktrail.model.verdict import Verdict
from clicktrail.server.own_networks import OwnNetworks, Source, write
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.rejudge import Wanted
from clicktrail.server.ports import Entry
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.current_judge import CurrentJudge
from clicktrail.server.wiring.rejudging import rejudge_beside
from tests.judged import click, sent
from tests.server.memory_analytics import MemoryAnalytics

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
    """A verdict that was changed beside it, and made again as it was at first, is stored again."""
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
    """While a batch is judged and stored, nothing is judged again."""
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
