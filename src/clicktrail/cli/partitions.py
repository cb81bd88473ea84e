"""Group events by message when they do not fit into memory.

Events are written to temporary files, partitioned by a hash of the message, and read back one partition at a time.
Clicks are also partitioned by IP address: the judge compares the clicks of a message with nearby clicks by the same
address on other messages.
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
from clicktrail.audit.visits import find_visits
from clicktrail.judge.address_activity import AddressActivity, Visit, summarize_visits
from clicktrail.judge.evidence import AddressClick, is_public_ip
from clicktrail.model.event import AnonymousClick, AnyEvent, Click
from clicktrail.server.pipeline.address_history import ClicksByAddress

_PARTITION_COUNT = 32
_MAX_MEMORY_BYTES = 1 << 19
"""Bytes of a partition that stay in memory; a larger partition is a file on disk."""


class _NearbyClicks(msgspec.Struct, array_like=True):
    """Clicks on other messages by one of the addresses that clicked in this message."""

    message_key: str
    clicks: list[AddressClick]


_event_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
"""Without the checks of `decode_event`: an event was checked, and its recipient normalised, before it was written."""
_address_click_decoder = msgspec.json.Decoder(AddressClick)
_visit_decoder = msgspec.json.Decoder(Visit)
_nearby_clicks_decoder = msgspec.json.Decoder(_NearbyClicks)


class Partitions:
    """Events in temporary files; all events of a message are in the same partition.

    Args:
        event_files: events, one file for each partition of messages.
        address_files: clicks by IP address, in any number of files.
        nearby_files: nearby clicks on other messages, as many files as ``event_files``.
        visit_files: visits by network, in any number of files.
    """

    def __init__(
        self,
        event_files: Sequence[IO[bytes]],
        address_files: Sequence[IO[bytes]],
        nearby_files: Sequence[IO[bytes]],
        visit_files: Sequence[IO[bytes]],
    ) -> None:
        self.last_event_at = datetime.min.replace(tzinfo=UTC)
        self._event_files = event_files
        self._address_files = address_files
        self._nearby_files = nearby_files
        self._visit_files = visit_files
        self._anonymous_clicks: dict[str, AnonymousClick] = {}

    def add(self, event: AnyEvent) -> None:
        """Store one event."""
        self.last_event_at = max(self.last_event_at, event.at)
        if isinstance(event, AnonymousClick):
            self._anonymous_clicks[event.id] = event
            return
        message = message_key(event)
        _write_line(self._event_files, key=message, item=event)
        if isinstance(event, Click) and is_public_ip(event.ip):
            click = replace(AddressClick.from_click(event), message_id=message)
            _write_line(self._address_files, key=event.ip, item=click)

    def __iter__(self) -> Iterator[tuple[list[AnyEvent], Mapping[str, Sequence[AddressClick]]]]:
        """Partitions that are not empty: their events, and nearby clicks on other messages by message key.

        Iterate once, after all events are stored.
        """
        for file in self._address_files:
            for nearby in _find_nearby_clicks(map(_address_click_decoder.decode, _read_lines(file))):
                _write_line(self._nearby_files, key=nearby.message_key, item=nearby)
        for event_file, nearby_file in zip(self._event_files, self._nearby_files, strict=True):
            clicks_by_message: dict[str, list[AddressClick]] = {}
            for nearby in map(_nearby_clicks_decoder.decode, _read_lines(nearby_file)):
                clicks_by_message.setdefault(nearby.message_key, []).extend(nearby.clicks)
            if events := [_event_decoder.decode(line) for line in _read_lines(event_file)]:
                yield events, clicks_by_message

    def iterate_messages(self) -> Iterator[list[AnyEvent]]:
        """Events of one message after the other, in no order; may be called before the partitions are iterated."""
        for file in self._event_files:
            events_by_message: dict[str, list[AnyEvent]] = {}
            for event in map(_event_decoder.decode, _read_lines(file)):
                events_by_message.setdefault(message_key(event), []).append(event)
            yield from events_by_message.values()

    def summarize_activity(self) -> Mapping[str, AddressActivity]:
        """What each address did in all messages; addresses with few recipients are left out.

        Call once, after all events are stored.
        """
        for events in self.iterate_messages():
            for visit in find_visits(message_key(events[0]), events):
                _write_line(self._visit_files, key=visit.prefix, item=visit)
        activity: dict[str, AddressActivity] = {}
        for file in self._visit_files:
            activity |= summarize_visits(map(_visit_decoder.decode, _read_lines(file)))
        return activity

    def anonymous_clicks(self) -> Collection[AnonymousClick]:
        """Clicks that were recorded without message and recipient."""
        return self._anonymous_clicks.values()


@contextmanager
def open_partitions() -> Iterator[Partitions]:
    """Open empty partitions; their files are deleted at the end of the context."""
    with ExitStack() as stack:
        event_files, address_files, nearby_files, visit_files = (
            [stack.enter_context(SpooledTemporaryFile(_MAX_MEMORY_BYTES)) for _ in range(_PARTITION_COUNT)]
            for _ in range(4)
        )
        yield Partitions(event_files, address_files, nearby_files, visit_files)


def _write_line(files: Sequence[IO[bytes]], *, key: str, item: object) -> None:
    index = crc32(key.encode(errors="surrogatepass")) % len(files)
    files[index].write(msgspec.json.encode(item) + b"\n")


def _read_lines(file: IO[bytes]) -> Iterable[bytes]:
    file.seek(0)
    return file


def _find_nearby_clicks(address_clicks: Iterable[AddressClick]) -> Iterator[_NearbyClicks]:
    """For each address and message, the nearest clicks by the same address."""
    clicks_by_address: dict[str, list[AddressClick]] = {}
    for click in address_clicks:
        clicks_by_address.setdefault(click.ip, []).append(click)
    for clicks in clicks_by_address.values():
        clicks.sort(key=lambda click: click.at)
        index = ClicksByAddress(clicks)
        nearby: dict[str, set[AddressClick]] = {}
        for click in clicks:
            nearby.setdefault(click.message_id, set()).update(index.find_nearest(click))
        yield from (_NearbyClicks(message_key=message, clicks=[*near]) for message, near in nearby.items() if near)
