"""A journal writer in a thread of its own.

The edge commits in its event loop, because a thread costs a third more processor time. The relay has few events and
many clients that wait for other things: with the writer in a thread, a slow disk delays none of them.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Self, TypeVar

from clicktrail.errors import StorageError
from clicktrail.server.journal.writer import SegmentWriter

Result = TypeVar("Result")


class ThreadedWriter:
    """Implements ``ports.Journal``. Callbacks run in the event loop of the caller.

    Attributes:
        batch_lines: lines per commit.
        sync_seconds: durations of commits.

    Args:
        open_writer: opens the writer, in the event loop that it gets.
        loop: the caller's event loop.

    Raises:
        StorageError: another process writes to the folder.
    """

    def __init__(
        self, open_writer: Callable[[asyncio.AbstractEventLoop], SegmentWriter], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._loop = loop
        self._writer_loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()
        try:
            self._writer = self._call(lambda: open_writer(self._writer_loop))
        except StorageError:
            self._end_thread()
            raise
        self.batch_lines = self._writer.batch_lines
        self.sync_seconds = self._writer.sync_seconds

    @property
    def is_degraded(self) -> bool:
        """Whether lines wait in memory because the disk cannot be written."""
        return self._writer.is_degraded

    @property
    def buffered_count(self) -> int:
        """Lines that wait in memory."""
        return self._writer.buffered_count

    @property
    def failed_count(self) -> int:
        """Lines so far that were not on disk when ``on_commit`` was called."""
        return self._writer.failed_count

    @property
    def dropped_count(self) -> int:
        """Lines so far that were dropped because the memory for them was full."""
        return self._writer.dropped_count

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Add a line to the batch. ``on_commit`` is called with whether it was committed, and must not raise."""

        def pass_on(is_committed: bool) -> None:  # noqa: FBT001
            with contextlib.suppress(RuntimeError):  # the caller's loop is closed
                self._loop.call_soon_threadsafe(on_commit, is_committed)

        self._writer_loop.call_soon_threadsafe(self._writer.append, line, pass_on)

    def flush(self) -> None:
        """Write and sync all appended lines before returning."""
        self._call(self._writer.flush)

    def close(self) -> None:
        """Commit the batch, and close the writer."""
        self._call(self._writer.close)
        self._end_thread()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end_thread(self) -> None:
        self._writer_loop.call_soon_threadsafe(self._writer_loop.stop)
        self._thread.join()
        self._writer_loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._writer_loop)
        self._writer_loop.run_forever()

    def _call(self, function: Callable[[], Result]) -> Result:
        """Call a function in the thread, and return its result."""

        async def run() -> Result:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._writer_loop).result()
