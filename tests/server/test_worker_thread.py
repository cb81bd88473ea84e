import asyncio
import time

import pytest

from clicktrail.server.ports import TimeLimitError
from clicktrail.server.worker_thread import running_worker_thread


def work_for(seconds: float) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return "done"


async def test_event_loop_goes_on_while_the_thread_works() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    async with running_worker_thread(limit_s=60) as worker, asyncio.TaskGroup() as tasks:
        counting = tasks.create_task(count_turns())
        assert await worker.run(lambda: work_for(1)) == "done"
        counting.cancel()
    assert turns > 10


async def test_call_over_its_limit_is_interrupted_and_the_thread_goes_on() -> None:
    async with running_worker_thread(limit_s=0.2) as worker:
        with pytest.raises(TimeLimitError):
            await worker.run(lambda: worker.run_limited(lambda: work_for(60)))
        assert await worker.run(lambda: worker.run_limited(lambda: "next")) == "next"


async def test_limit_is_for_each_call() -> None:
    async with running_worker_thread(limit_s=0.5) as worker:
        assert await worker.run(lambda: [worker.run_limited(lambda: work_for(0.1)) for _ in range(10)]) == ["done"] * 10


async def test_exception_is_passed_on() -> None:
    async with running_worker_thread(limit_s=60) as worker:
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda: 1 // 0)
