"""A journal whose commits the test decides on."""

import asyncio
from collections.abc import Callable

__all__ = ["HeldJournal"]


class HeldJournal:
    """Holds every line until told what became of it; one that is not committed waits until another one is."""

    def __init__(self) -> None:
        self.in_trouble = False
        self.failed = self.buffered = self.let_go = 0
        self.lines: list[bytes] = []
        self._waiting: list[Callable[[bool], None]] = []
        self._arrived = asyncio.Event()

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Keep the line waiting."""
        self.lines.append(line)
        self._waiting.append(on_commit)
        self._arrived.set()

    async def until(self, count: int) -> None:
        """Wait for so many lines."""
        while len(self.lines) < count:
            self._arrived.clear()
            await self._arrived.wait()

    def settle(self, *, committed: bool) -> None:
        """Tell everybody who waits, the latest first: nobody may rely on an order among writers."""
        waiting, self._waiting = self._waiting, []
        self.in_trouble = not committed
        self.failed += 0 if committed else len(waiting)
        self.buffered = 0 if committed else self.buffered + len(waiting)
        for on_commit in reversed(waiting):
            on_commit(committed)
