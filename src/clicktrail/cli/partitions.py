"""Sort more events by message than memory holds: in files that go at the end, of which one at a time is read back.

The visits of each address are sorted the same way, and those that matter to a message are put beside its events.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO
from zlib import crc32

import msgspec

from clicktrail.audit import message_of
from clicktrail.judge.address_activity import Visit, names_a_visitor
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode
from clicktrail.server.pipeline.address_history import VisitsByAddress

__all__ = ["Partitions", "partitions"]

_FILES = 32
_IN_MEMORY = 1 << 19
"""Bytes of a partition from which on it is a file."""


class _Found(msgspec.Struct, array_like=True):
    """Visits by one address that matter to a message."""

    message: str
    visits: list[Visit]


_visits = msgspec.json.Decoder(Visit)
_found = msgspec.json.Decoder(_Found)


class Partitions:
    """All events of a message come back in the same partition.

    Args:
        events: one file for each partition of messages.
        visits: any number of files, for visits by address.
        nearby: as many as ``events``, for visits by message.

    Attributes:
        latest: when the last of all events happened.
    """

    def __init__(self, events: Sequence[IO[bytes]], visits: Sequence[IO[bytes]], nearby: Sequence[IO[bytes]]) -> None:
        self.latest = datetime.min.replace(tzinfo=UTC)
        self._events = events
        self._visits = visits
        self._nearby = nearby
        self._anonymous: dict[str, AnonymousClick] = {}

    def add(self, event: AnyEvent) -> None:
        """Put one event away."""
        self.latest = max(self.latest, event.at)
        if isinstance(event, AnonymousClick):
            self._anonymous[event.id] = event
            return
        message = message_of(event)
        _write(self._events, by=message, item=event)
        if isinstance(event, Click) and names_a_visitor(event.ip):
            _write(self._visits, by=event.ip, item=replace(Visit.of(event), message_id=message))

    def __iter__(self) -> Iterator[tuple[list[AnyEvent], Mapping[str, Sequence[Visit]]]]:
        """The partitions, each with its events and, by message, the visits that its addresses made elsewhere.

        To be asked for once, when all events are put away.
        """
        for file in self._visits:
            for found in _found_in(map(_visits.decode, _lines(file))):
                _write(self._nearby, by=found.message, item=found)
        for events, nearby in zip(self._events, self._nearby, strict=True):
            by_message: dict[str, list[Visit]] = {}
            for found in map(_found.decode, _lines(nearby)):
                by_message.setdefault(found.message, []).extend(found.visits)
            yield [decode(line) for line in _lines(events)], by_message

    def anonymous(self) -> Collection[AnonymousClick]:
        """Those of the events that belong to no message for good."""
        return self._anonymous.values()


@contextmanager
def partitions() -> Iterator[Partitions]:
    """Empty ones, until the context ends."""
    with ExitStack() as stack:
        events, visits, nearby = (
            [stack.enter_context(SpooledTemporaryFile(_IN_MEMORY)) for _ in range(_FILES)] for _ in range(3)
        )
        yield Partitions(events, visits, nearby)


def _write(files: Sequence[IO[bytes]], *, by: str, item: object) -> None:
    """Into one of the files, always the same for a name."""
    files[crc32(by.encode(errors="surrogatepass")) % len(files)].write(msgspec.json.encode(item) + b"\n")


def _lines(file: IO[bytes]) -> Iterable[bytes]:
    file.seek(0)
    return file


def _found_in(visits: Iterable[Visit]) -> Iterator[_Found]:
    """What any address's visits tell of its other ones."""
    by_address: dict[str, list[Visit]] = {}
    for visit in visits:
        by_address.setdefault(visit.ip, []).append(visit)
    for told in by_address.values():
        told.sort(key=lambda visit: visit.at)
        known = VisitsByAddress(told)
        elsewhere: dict[str, set[Visit]] = {}
        for visit in told:
            elsewhere.setdefault(visit.message_id, set()).update(known.nearest(visit))
        yield from (_Found(message=message, visits=[*found]) for message, found in elsewhere.items() if found)
