"""Frames that wait in memory for a disk that takes none: in order, and up to a limit."""

from collections import deque

__all__ = ["Backlog"]


class Backlog:
    """First in, first out. What does not fit any more is let go: the newest.

    The oldest are kept because they say more: a recipient's first click counts as a clicker, the later ones as clicks
    only. Nor can a flood push out what was there before it; and the record has one gap, at its end.

    Args:
        limit: bytes of frames that are kept at most.

    Attributes:
        size: bytes of the frames that wait.
        let_go: how many frames did not fit so far.
    """

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.let_go = 0
        self._limit = limit
        self._frames: deque[bytes] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: bytes) -> None:
        """Put a frame at the end, or let it go."""
        if self.size + len(frame) > self._limit:
            self.let_go += 1
            return
        self._frames.append(frame)
        self.size += len(frame)

    def first(self, limit: int) -> list[bytes]:
        """The oldest frames, up to so many bytes, and one in any case where there is one. They stay."""
        chosen: list[bytes] = []
        size = 0
        for frame in self._frames:
            size += len(frame)
            if chosen and size > limit:
                break
            chosen.append(frame)
        return chosen

    def drop(self, count: int) -> None:
        """Take away the oldest frames: they are on disk."""
        for _ in range(count):
            self.size -= len(self._frames.popleft())

    def give_up(self) -> None:
        """Let go all that waits, and all that is still to come."""
        self.let_go += len(self._frames)
        self.drop(len(self._frames))
        self._limit = 0
