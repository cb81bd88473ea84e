"""A journal in which a test decides when and whether lines are committed."""

import asyncio
from collections.abc import Callable


class ManualJournal:
    def __init__(self) -> None:
        self.is_degraded = False
        self.failed_count = self.buffered_count = self.dropped_count = 0
        self.lines: list[bytes] = []
        self._callbacks: list[Callable[[bool], None]] = []
        self._arrived = asyncio.Event()

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        self.lines.append(line)
        self._callbacks.append(on_commit)
        self._arrived.set()

    async def wait_for_lines(self, count: int) -> None:
        while len(self.lines) < count:
            self._arrived.clear()
            await self._arrived.wait()

    def finish_commits(self, *, committed: bool) -> None:
        callbacks, self._callbacks = self._callbacks, []
        self.is_degraded = not committed
        self.failed_count += 0 if committed else len(callbacks)
        self.buffered_count = 0 if committed else self.buffered_count + len(callbacks)
        for on_commit in reversed(callbacks):  # the order of callbacks is not guaranteed
            on_commit(committed)
