"""Sort more events by message than memory holds: in files that go at the end, of which one at a time is read back."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO
from zlib import crc32

import msgspec

from clicktrail.audit import message_of
from clicktrail.model.event import AnonymousClick, AnyEvent, decode

__all__ = ["Partitions", "partitions"]

_FILES = 64
_IN_MEMORY = 1 << 20
"""Bytes of a partition from which on it is a file."""


class Partitions:
    """All events of a message come back in the same partition.

    Attributes:
        latest: when the last of all events happened.
    """

    def __init__(self, files: Sequence[IO[bytes]]) -> None:
        self.latest = datetime.min.replace(tzinfo=UTC)
        self._files = files
        self._anonymous: dict[str, AnonymousClick] = {}

    def add(self, event: AnyEvent) -> None:
        """Put one event away."""
        self.latest = max(self.latest, event.at)
        if isinstance(event, AnonymousClick):
            self._anonymous[event.id] = event
            return
        place = crc32(message_of(event).encode(errors="surrogatepass")) % len(self._files)
        self._files[place].write(msgspec.json.encode(event) + b"\n")

    def __iter__(self) -> Iterator[list[AnyEvent]]:
        """The partitions, each with its events."""
        for file in self._files:
            file.seek(0)
            yield [decode(line) for line in file]

    def anonymous(self) -> Collection[AnonymousClick]:
        """Those of the events that belong to no message for good."""
        return self._anonymous.values()


@contextmanager
def partitions() -> Iterator[Partitions]:
    """Empty ones, until the context ends."""
    with ExitStack() as stack:
        yield Partitions([stack.enter_context(SpooledTemporaryFile(_IN_MEMORY)) for _ in range(_FILES)])
