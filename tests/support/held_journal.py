"""A journal whose commits the test decides on."""

import asyncio
from collections.abc import Callable

__all__ = ["ManualJournal"]


class ManualJournal:
    """Holds every line until told what became of it; one that is not committed waits until another one is."""

    def __init__(self) -> None:
        self.is_degraded = False
        self.failed_count = self.buffered_count = self.dropped_count = 0
        self.lines: list[bytes] = []
        self._callbacks: list[Callable[[bool], None]] = []
        self._arrived = asyncio.Event()

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Keep the line waiting."""
        self.lines.append(line)
        self._callbacks.append(on_commit)
        self._arrived.set()

    async def wait_for_lines(self, count: int) -> None:
        """Wait for so many lines."""
        while len(self.lines) < count:
            self._arrived.clear()
            await self._arrived.wait()

    def finish_commits(self, *, committed: bool) -> None:
        """Tell everybody who waits, the latest first: nobody may rely on an order among writers."""
        waiting, self._callbacks = self._callbacks, []
        self.is_degraded = not committed
        self.failed_count += 0 if committed else len(waiting)
        self.buffered_count = 0 if committed else self.buffered_count + len(waiting)
        for on_commit in reversed(waiting):
            on_commit(committed)
