"""Read the events of messages.

Most messages have a few events, which one statement reads. A message can also have a million clicks; reading all of
them to keep the first ones takes seconds. ClickHouse knows from the index how many rows it would read, and refuses the
statement if these are too many for the number of messages. Then, and for messages with more events than are kept of one
kind, a second statement first reads the narrow columns, and then only the lines that are kept.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from clicktrail.errors import EventError
from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.model.event import AnyEvent, decode_event
from clicktrail.model.timeline import Timeline
from clicktrail.server.analytics.connection import ChdbPool, QueryParameter, TooManyRowsError

_MAX_EVENTS: Final = 50_000
"""Events of one query: about 100 MB when decoded."""

_MAX_ROWS_READ: Final = 100_000
_MAX_ROWS_READ_PER_MESSAGE: Final = 2_000
"""The granules of a message, in each part of the table, have fewer rows if it has a few events."""

_Event = TypeVar("_Event", bound=AnyEvent)


class EventLineRow(msgspec.Struct):
    """A stored event."""

    message_id: str
    line: str


async def fetch_timelines(connections: ChdbPool, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
    """The stored timelines of the first of the messages, each with the first events of every kind.

    Raises:
        StorageError: they cannot be read.
    """
    requested_ids = sorted(set(message_ids))
    try:
        ids, rows = await _fetch_first_events(
            connections,
            "short_timelines",
            requested_ids,
            max_rows=_MAX_ROWS_READ + _MAX_ROWS_READ_PER_MESSAGE * len(requested_ids),
        )
    except TooManyRowsError:
        ids, rows = requested_ids, {}
        long_ids = requested_ids
    else:
        long_ids = [message_id for message_id in ids if len(rows.get(message_id, ())) > MAX_CLICKS_JUDGED_TOGETHER]
    if long_ids:
        complete_ids, long_rows = await _fetch_first_events(connections, "timelines", long_ids)
        incomplete_ids = set(long_ids).difference(complete_ids)
        ids = [message_id for message_id in ids if message_id not in incomplete_ids]
        rows |= long_rows
    return await asyncio.to_thread(
        lambda: {
            message_id: Timeline.from_events(message_id, decode_lines(rows.get(message_id, ()))).first_clicks(
                MAX_CLICKS_JUDGED_TOGETHER
            )
            for message_id in ids
        }
    )


async def _fetch_first_events(
    connections: ChdbPool, query_name: str, message_ids: Sequence[str], *, max_rows: int | None = None
) -> tuple[Sequence[str], dict[str, list[EventLineRow]]]:
    """The first of the messages, and the rows of each that has some."""
    parameters: dict[str, QueryParameter] = {
        "message_ids": message_ids,
        "limit": str(MAX_CLICKS_JUDGED_TOGETHER),
        "event_limit": str(_MAX_EVENTS),
    }
    rows_by_message: dict[str, list[EventLineRow]] = {}
    rows = await connections.fetch_rows(query_name, EventLineRow, parameters, max_rows=max_rows)
    for row in rows:
        rows_by_message.setdefault(row.message_id, []).append(row)
    if len(rows) == _MAX_EVENTS:
        # The last message may be incomplete. A message alone is returned anyway, with as many events as there are.
        message_ids = message_ids[: message_ids.index(rows[-1].message_id) or 1]
    return message_ids, rows_by_message


async def fetch_events(
    connections: ChdbPool, query_name: str, parameters: Mapping[str, QueryParameter], event_type: type[_Event]
) -> list[_Event]:
    """The events of one type that a query selects.

    Raises:
        StorageError: they cannot be read.
    """
    rows = await connections.fetch_rows(query_name, EventLineRow, parameters)
    return await asyncio.to_thread(lambda: [event for event in decode_lines(rows) if isinstance(event, event_type)])


def decode_lines(rows: Iterable[EventLineRow]) -> Iterator[AnyEvent]:
    """Decode stored lines. An earlier version may have stored some that this one refuses: they are left out."""
    for row in rows:
        with contextlib.suppress(EventError):
            yield decode_event(row.line.encode())
