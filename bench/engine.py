"""Measure what a click costs the engine, and what it gains by judging one batch while the one before is stored.

``./dev bench engine [--clicks N] [--batch N] [--rounds N]``. Clicks, each of another message and another public IP
address, are judged and stored in this process, without network and journal: in each round once batch after batch, and
once with both at the same time. The fastest round counts.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from msgspec.structs import replace

from bench.flood import make_click
from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.model.event import Click, encode_event
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Isolation, JournalEntry
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.engine import GC_THRESHOLD
from clicktrail.server.worker_thread import running_worker_thread


class Cost(NamedTuple):
    """Microseconds of a click: elapsed, and of processor time."""

    elapsed_us: float
    cpu_us: float


class MemoryReader:
    """A journal of generated clicks."""

    def __init__(self, count: int) -> None:
        self._lines = [encode_event(_make_click(number)) for number in range(count)]
        self.position = 0

    async def read(self, limit: int) -> list[JournalEntry]:
        lines = self._lines[self.position : self.position + limit]
        self.position += len(lines)
        return [JournalEntry(line, None) for line in lines]

    async def erase(self, entries: Sequence[JournalEntry]) -> None:
        pass

    async def commit(self, position: object = None) -> None:
        pass


def _make_click(number: int) -> Click:
    click = make_click(f"c{number:09}", "autumn", at=SystemClock().now(), ip=f"81.2.{number >> 8 & 255}.{number & 255}")
    return replace(click, message_id=f"m{number:09}", recipient=f"recipient-{number:09}@mail.example.com")


async def measure(count: int, *, batch: int, is_overlapping: bool) -> Cost:
    """Process clicks in a new folder, after a first batch that is not measured."""
    with TemporaryDirectory(prefix="clicktrail-engine-") as folder:
        analytics = await ChdbAnalytics.open(Path(folder) / "analytics", SystemClock())
        async with running_worker_thread(limit_s=5) as worker:
            processor = Processor(
                MemoryReader(batch + count), analytics, judge=build_shipped_judge(), isolation=Isolation(worker=worker)
            )
            await processor.run_once(batch)
            started, cpu_started = time.perf_counter(), time.process_time()
            while await (processor.judge_next(batch) if is_overlapping else processor.run_once(batch)):
                pass
            elapsed_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
        await analytics.close()
    return Cost(elapsed_s / count * 1e6, cpu_s / count * 1e6)


async def _run(count: int, *, batch: int, rounds: int) -> None:
    costs: dict[bool, list[Cost]] = {False: [], True: []}
    for _ in range(rounds):
        for is_overlapping, measured in costs.items():
            measured.append(await measure(count, batch=batch, is_overlapping=is_overlapping))
    one_by_one, overlapping = (Cost(*map(min, zip(*measured, strict=True))) for measured in costs.values())
    for label, cost in (("batch after batch", one_by_one), ("overlapping", overlapping)):
        print(f"{label}: {cost.elapsed_us:.0f} µs a click, {cost.cpu_us:.0f} µs of processor time")
    print(f"overlapping / batch after batch = {overlapping.elapsed_us / one_by_one.elapsed_us:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clicks", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=1_250, help="clicks of a batch: 1,250 at 5,000 a second")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])
    asyncio.run(_run(options.clicks, batch=options.batch, rounds=options.rounds))


if __name__ == "__main__":
    main()
