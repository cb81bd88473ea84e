"""A thread beside the event loop for work that takes long, with a time limit for each call."""

import asyncio
import contextlib
import ctypes
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from clicktrail.server.ports import TimeLimitError

_Result = TypeVar("_Result")

_CHECKS_PER_LIMIT = 4


class LoopTask:
    """Implements ``ports.BackgroundTask`` on a task of the event loop, which is kept from being garbage collected."""

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(coroutine)

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self._task.done()

    async def wait(self) -> None:
        """Wait until it has ended, and raise its exception, if any. It goes on if the wait is cancelled."""
        await asyncio.wait({self._task})
        self._task.result()


class WorkerThread:
    """Implements ``ports.Worker``. Close it after use.

    After the time limit, `TimeLimitError` is raised inside the function, at its next Python instruction.

    Args:
        limit_s: time limit of `run_limited`, in seconds.
    """

    def __init__(self, *, limit_s: float) -> None:
        self._limit_s = limit_s
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self._lock = threading.Lock()
        self._running_since: float | None = None
        self._thread_id = 0

    def start(self, coroutine: Coroutine[Any, Any, None]) -> LoopTask:
        """Run a coroutine in the background."""
        return LoopTask(coroutine)

    async def run(self, function: Callable[[], _Result]) -> _Result:
        """Run a function in the thread, and interrupt it where `run_limited` takes too long."""
        future = asyncio.get_running_loop().run_in_executor(self._executor, function)
        while True:
            done, _ = await asyncio.wait({future}, timeout=self._limit_s / _CHECKS_PER_LIMIT)
            if done:
                return future.result()
            self._interrupt_late_call()

    def run_limited(self, function: Callable[[], _Result]) -> _Result:
        """Call a function in the thread, with the time limit."""
        self._thread_id = threading.get_ident()
        self._running_since = time.monotonic()
        try:
            return function()
        finally:
            with self._lock:
                self._running_since = None

    def close(self) -> None:
        """Wait for the thread to end."""
        self._executor.shutdown()

    def _interrupt_late_call(self) -> None:
        # The lock keeps the call from ending in between: the thread receives the exception before it goes on.
        with self._lock:
            if self._running_since is not None and time.monotonic() - self._running_since > self._limit_s:
                self._running_since = None
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread_id), ctypes.py_object(TimeLimitError)
                )


@contextlib.asynccontextmanager
async def running_worker_thread(*, limit_s: float) -> AsyncIterator[WorkerThread]:
    """Run a worker thread until the context ends."""
    worker = WorkerThread(limit_s=limit_s)
    try:
        yield worker
    finally:
        await asyncio.to_thread(worker.close)
