"""The bytes of a segment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.journal.frames import OVERHEAD, announced, pack, unpack


@given(st.lists(st.binary(max_size=300)))
def test_lines_come_back_as_they_went_in(lines: list[bytes]) -> None:
    """Frames one after the other are the lines again."""
    assert lines == unpack(b"".join(map(pack, lines)), limit=len(lines) + 1)


@given(st.lists(st.binary(max_size=30), min_size=1), st.data())
def test_the_limit_is_kept(lines: list[bytes], data: st.DataObject) -> None:
    """No more lines are taken than asked for."""
    limit = data.draw(st.integers(0, len(lines)))
    assert lines[:limit] == unpack(b"".join(map(pack, lines)), limit=limit)


@given(st.lists(st.binary(max_size=30)), st.binary(max_size=30), st.data())
def test_a_frame_that_is_cut_off_anywhere_is_no_frame(lines: list[bytes], last: bytes, data: st.DataObject) -> None:
    """What stands before it is read all the same."""
    kept = data.draw(st.integers(0, OVERHEAD + len(last) - 1))
    assert lines == unpack(b"".join(map(pack, lines)) + pack(last)[:kept], limit=100)


@given(st.binary(max_size=60), st.data())
def test_a_flipped_bit_is_noticed(line: bytes, data: st.DataObject) -> None:
    """Wherever it is: in length, checksum or line."""
    frame = bytearray(pack(line))
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    frame[bit // 8] ^= 1 << bit % 8
    assert [] == unpack(bytes(frame), limit=1)


def test_zeros_are_no_frame() -> None:
    """Room that was taken in advance is not read as empty lines, and an empty line is not taken for room."""
    assert [] == unpack(bytes(64), limit=10)
    assert [b""] == unpack(pack(b"") + bytes(64), limit=10)


@pytest.mark.parametrize(
    ("data", "size"),
    [(b"", 0), (b"\x05\x00", 0), (bytes(20), 0), (pack(b"hello"), 13), (pack(b"hello")[:9], 13), (pack(b""), 8)],
)
def test_a_frame_announces_its_size(data: bytes, size: int) -> None:
    """As soon as its prefix is there, and only then."""
    assert size == announced(data)
