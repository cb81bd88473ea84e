import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import ClicktrailError
from clicktrail.model.event import AnyEvent, encode
from tests.audited import read, read_text
from tests.clicks import click, delivered, sent

LOG: list[AnyEvent] = [sent(), delivered(2), click(40, id="c")]


def test_a_log_is_read_as_it_was_written() -> None:
    """Our own lines, with an empty one among them and a byte order mark in front."""
    lines = [encode(event) + b"\r\n" for event in LOG]
    assert (LOG, []) == read([b"\xef\xbb\xbf" + lines[0], b"\n", *lines[1:]])


def test_damaged_lines_are_passed_over_and_numbered() -> None:
    """A log that was cut off at both ends, and holds a type from the future."""
    lines = [b'ick"}\n', *(encode(event) + b"\n" for event in LOG), b'{"type":"dreamt","id":"d"}\n', b'{"id":"c']
    assert (LOG, [1, 5, 6]) == read(lines)


def test_what_other_programs_wrote_is_read_as_well_as_can_be() -> None:
    """Nulls, unknown fields, and a time without a zone."""
    line = (
        '{"id":"c","type":"click","at":"2026-11-23T12:00:40","link":null,"message_id":"m1","tampered":null,"new":[1]}'
    )
    (told,), unreadable = read_text(line)
    assert ("c", -1, []) == (told.id, getattr(told, "link", None), unreadable)


def test_an_empty_file_holds_nothing() -> None:
    """And is no error."""
    assert ([], []) == read([])


@given(st.lists(st.binary(max_size=40) | st.sampled_from([encode(event) for event in LOG])))
def test_nothing_breaks_the_reading(lines: list[bytes]) -> None:
    """Whatever bytes come: events, lines that are none, or one error for all."""
    with contextlib.suppress(ClicktrailError):
        events, unreadable = read(line + b"\n" for line in lines)
        assert b"".join(lines).count(b"\n") + len(lines) >= len(events) + len(unreadable)


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":' * 5_000,
        b'{"id":"c","type":"click","at":"2026-11-23T12:00:00Z","link":1e999}',
        b'{"id":"c","type":"click","at":"0001-01-01T00:00:00+10:00"}',
        b'{"id":"c","type":"anonymous_click","at":"2026-11-23T12:00:00Z"}',
    ],
)
def test_hostile_json_is_a_damaged_line(line: bytes) -> None:
    """Depth and size without end, a year that no clock shows, and a verdict that is none."""
    assert ([], [1]) == read([line])
