"""Read events from the lines of a file: our own JSON lines, or a table that an ESP exported."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from clicktrail.audit.exports import Export
from clicktrail.audit.fields import event_of, in_our_spelling
from clicktrail.audit.table import read_table
from clicktrail.errors import EventError
from clicktrail.model.event import AnonymousClick, AnyEvent, decode
from clicktrail.model.verdict import Verdict

__all__ = ["Complain", "read_events"]

Complain = Callable[[int, EventError], None]
"""Told of each line that is no event, by its number from 1. It is passed over."""

_FIRST_YEAR = 1970
_VERDICTS = frozenset(Verdict)
_PEEKED = 20
"""Lines by which a log is told from a table: its first ones may be damaged."""


def read_events(lines: Iterable[bytes], exports: Sequence[Export], *, complain: Complain) -> Iterator[AnyEvent]:
    """The events of one file, line by line, so that its size does not matter.

    Raises:
        ClicktrailError: it is a table of no kind that we know.
    """
    rest = iter(lines)
    first = list(itertools.islice(rest, _PEEKED))
    lines = itertools.chain(first, rest)
    if any(line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") for line in first):
        return map(in_our_spelling, _read_log(lines, complain))
    return map(in_our_spelling, read_table(lines, exports, complain=complain))


def _read_log(lines: Iterable[bytes], complain: Complain) -> Iterator[AnyEvent]:
    for number, line in enumerate(lines, start=1):
        if text := line.strip().removeprefix(b"\xef\xbb\xbf"):
            try:
                yield _checked(_event(text))
            except EventError as error:
                complain(number, error)


def _event(line: bytes) -> AnyEvent:
    """Ours as it is; what another program wrote, with nulls and without time zones, as well as can be."""
    try:
        return decode(line)
    except EventError as error:
        try:
            return event_of(msgspec.json.decode(line, type=dict[str, object]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise error from None


def _checked(event: AnyEvent) -> AnyEvent:
    """An event that can be counted: some are of the right form and make no sense."""
    if event.at.year < _FIRST_YEAR:
        raise EventError(f"not an event: nothing happened in the year {event.at.year}")
    if isinstance(event, AnonymousClick) and event.verdict not in _VERDICTS:
        raise EventError(f"not an event: '{event.verdict}' is no verdict")
    return event
