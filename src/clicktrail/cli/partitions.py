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

from clicktrail.audit import message_key
from clicktrail.judge.address_activity import AddressClick, is_visitor_address
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode_event
from clicktrail.server.pipeline.address_history import ClicksByAddress

__all__ = ["Partitions", "open_partitions"]

_PARTITION_COUNT = 32
_MAX_MEMORY_BYTES = 1 << 19
"""Bytes of a partition from which on it is a file."""


class _NearbyClicks(msgspec.Struct, array_like=True):
    """Visits by one address that matter to a message."""

    message_id: str
    clicks: list[AddressClick]


_click_decoder = msgspec.json.Decoder(AddressClick)
_nearby_decoder = msgspec.json.Decoder(_NearbyClicks)


class Partitions:
    """All events of a message come back in the same partition.

    Args:
        events: one file for each partition of messages.
        address_clicks: any number of files, for visits by address.
        nearby: as many as ``events``, for visits by message.

    Attributes:
        last_event_at: when the last of all events happened.
    """

    def __init__(
        self, events: Sequence[IO[bytes]], address_clicks: Sequence[IO[bytes]], nearby: Sequence[IO[bytes]]
    ) -> None:
        self.last_event_at = datetime.min.replace(tzinfo=UTC)
        self._events = events
        self._address_clicks = address_clicks
        self._nearby = nearby
        self._anonymous_clicks: dict[str, AnonymousClick] = {}

    def add(self, event: AnyEvent) -> None:
        """Put one event away."""
        self.last_event_at = max(self.last_event_at, event.at)
        if isinstance(event, AnonymousClick):
            self._anonymous_clicks[event.id] = event
            return
        message = message_key(event)
        _write_line(self._events, key=message, item=event)
        if isinstance(event, Click) and is_visitor_address(event.ip):
            _write_line(
                self._address_clicks, key=event.ip, item=replace(AddressClick.from_click(event), message_id=message)
            )

    def __iter__(self) -> Iterator[tuple[list[AnyEvent], Mapping[str, Sequence[AddressClick]]]]:
        """The partitions, each with its events and, by message, the visits that its addresses made elsewhere.

        To be asked for once, when all events are put away.
        """
        for file in self._address_clicks:
            for found in _find_nearby(map(_click_decoder.decode, _read_lines(file))):
                _write_line(self._nearby, key=found.message_id, item=found)
        for events, nearby in zip(self._events, self._nearby, strict=True):
            by_message: dict[str, list[AddressClick]] = {}
            for found in map(_nearby_decoder.decode, _read_lines(nearby)):
                by_message.setdefault(found.message_id, []).extend(found.clicks)
            yield [decode_event(line) for line in _read_lines(events)], by_message

    def anonymous_clicks(self) -> Collection[AnonymousClick]:
        """Those of the events that belong to no message for good."""
        return self._anonymous_clicks.values()


@contextmanager
def open_partitions() -> Iterator[Partitions]:
    """Empty ones, until the context ends."""
    with ExitStack() as stack:
        events, visits, nearby = (
            [stack.enter_context(SpooledTemporaryFile(_MAX_MEMORY_BYTES)) for _ in range(_PARTITION_COUNT)]
            for _ in range(3)
        )
        yield Partitions(events, visits, nearby)


def _write_line(files: Sequence[IO[bytes]], *, key: str, item: object) -> None:
    """Into one of the files, always the same for a name."""
    files[crc32(key.encode(errors="surrogatepass")) % len(files)].write(msgspec.json.encode(item) + b"\n")


def _read_lines(file: IO[bytes]) -> Iterable[bytes]:
    file.seek(0)
    return file


def _find_nearby(address_clicks: Iterable[AddressClick]) -> Iterator[_NearbyClicks]:
    """What any address's visits tell of its other ones."""
    by_address: dict[str, list[AddressClick]] = {}
    for visit in address_clicks:
        by_address.setdefault(visit.ip, []).append(visit)
    for told in by_address.values():
        told.sort(key=lambda visit: visit.at)
        known = ClicksByAddress(told)
        elsewhere: dict[str, set[AddressClick]] = {}
        for visit in told:
            elsewhere.setdefault(visit.message_id, set()).update(known.find_nearest(visit))
        yield from (_NearbyClicks(message_id=message, clicks=[*found]) for message, found in elsewhere.items() if found)
