"""Frames: encoding, decoding, and the search for sound frames behind damage."""

import secrets
import struct
import time
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.journal.frames import (
    PREALLOCATE_BYTES,
    DamagedRange,
    Frame,
    FrameFormat,
    FrameFormat1,
    FrameFormat2,
    iter_frames,
    read_tail,
)

ID = b"\x01segment"
FORMAT = FrameFormat2(ID)
HEADER = FORMAT.segment_header
LINES = [b'{"id":"first"}', b'{"id":"second"}', b'{"id":"third"}']


def encode_version_1(lines: Iterable[bytes]) -> bytes:
    """Encode lines as version 1 did."""
    frames: list[bytes] = []
    for line in lines:
        length = struct.pack("<I", len(line))
        frames += (length, struct.pack("<I", zlib.crc32(line, zlib.crc32(length))), line)
    return b"".join(frames)


def read(data: bytes, *, frame_format: FrameFormat = FORMAT, start: int = 0) -> tuple[list[bytes], list[DamagedRange]]:
    """Lines and damaged ranges of a segment that is no longer written."""

    def read_bytes(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    items = list(iter_frames(read_bytes, frame_format, start=start, size=len(data)))
    frames = [item for item in items if isinstance(item, Frame)]
    end = frames[-1].end if frames else start
    tail = read_tail(read_bytes, frame_format, start=end, size=len(data))
    damage = [item for item in items if isinstance(item, DamagedRange)]
    return [frame.line for frame in frames], [*damage, *tail.damage]


def encode(lines: list[bytes], version: int) -> tuple[bytes, FrameFormat]:
    """A whole segment and its format."""
    if version == 1:
        return FrameFormat1.segment_header + encode_version_1(lines), FrameFormat1()
    return HEADER + FORMAT.encode(lines), FORMAT


@given(st.lists(st.binary(max_size=300)))
def test_frames_round_trip(lines: list[bytes]) -> None:
    assert read(HEADER + FORMAT.encode(lines)) == (lines, [])


def test_encoded_size_is_known_before() -> None:
    assert FORMAT.encoded_size(LINES) == len(FORMAT.encode(LINES))


@pytest.mark.parametrize("size", [262_100, 262_144, 300_000, 2_000_000])
def test_lines_longer_than_a_window_are_read(size: int) -> None:
    lines = [b"a" * size, b"b", b"c" * size, b"d"]
    assert read(HEADER + FORMAT.encode(lines)) == (lines, [])


def test_version_1_is_read() -> None:
    lines = [*LINES, b"", bytes(20), b"x" * 300_000, b"{}"]
    data, frame_format = encode(lines, 1)
    assert read(data, frame_format=frame_format) == (lines, [])


def read_bit_flips(version: int, *, first: int, last: int) -> Iterable[tuple[int, list[bytes], list[DamagedRange]]]:
    """What is read with each single bit flipped in a range of bytes."""
    data, frame_format = encode(LINES, version)
    for bit in range(first * 8, last * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        yield bit, *read(bytes(damaged), frame_format=frame_format)


@pytest.mark.parametrize("version", [1, 2])
def test_flipped_bit_loses_its_own_line_at_most(version: int) -> None:
    data, frame_format = encode(LINES, version)
    header_end = len(frame_format.segment_header)
    second = header_end + frame_format.frame_header_size + len(LINES[0])
    third = second + frame_format.frame_header_size + len(LINES[1])
    for _, lines, damage in read_bit_flips(version, first=0, last=header_end):
        assert (lines, damage) == (LINES, [DamagedRange(0, header_end)])
    for own, (first, last) in enumerate([(header_end, second), (second, third), (third, len(data))]):
        others = [line for index, line in enumerate(LINES) if index != own]
        for _, lines, damage in read_bit_flips(version, first=first, last=last):
            assert lines == others or (lines, damage) == (LINES, [])
            assert version == 1 or lines == LINES or damage == [DamagedRange(first, last)]


def test_flipped_bit_in_a_marker_loses_nothing() -> None:
    for _, lines, damage in read_bit_flips(2, first=len(HEADER), last=len(HEADER) + len(ID)):
        assert (lines, damage) == (LINES, [])


@pytest.mark.parametrize("length", [0, 1, 13, 15, 5_000, 2**24 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("version", [1, 2])
def test_damaged_length_loses_only_its_own_line(version: int, length: int) -> None:
    data, frame_format = encode(LINES, version)
    field = len(frame_format.segment_header) + (8 if version == 2 else 0)
    damaged = data[:field] + struct.pack("<I", length) + data[field + 4 :]
    first_end = len(frame_format.segment_header) + frame_format.frame_header_size + len(LINES[0])
    assert read(damaged, frame_format=frame_format) == (
        LINES[1:],
        [DamagedRange(len(frame_format.segment_header), first_end)],
    )


BLOCK = 4096


@pytest.mark.parametrize("fill", [bytes(BLOCK), b"\xff" * BLOCK, secrets.token_bytes(BLOCK)], ids=["0", "1", "random"])
@pytest.mark.parametrize("version", [1, 2])
def test_overwritten_block_loses_only_its_own_lines(version: int, fill: bytes) -> None:
    lines = [b'{"number":%d,"text":"%s"}' % (number, b"x" * (number % 400)) for number in range(200)]
    data, frame_format = encode(lines, version)
    for start in range(0, len(data) - BLOCK, BLOCK):
        end = start + BLOCK
        sound = [
            line
            for line in lines
            if (at := data.index(line)) >= end or at + len(line) <= start
            if at - frame_format.frame_header_size >= end or at + len(line) <= start
        ]
        lines_read, damage = read(data[:start] + fill + data[end:], frame_format=frame_format)
        assert lines_read == sound
        assert len(damage) == 1
        assert damage[0].start <= start
        assert damage[0].end >= end


@pytest.mark.parametrize("version", [1, 2])
def test_missing_block_loses_only_its_own_lines(version: int) -> None:
    lines = [b'{"number":%d,"text":"%s"}' % (number, b"x" * (number % 400)) for number in range(200)]
    data, frame_format = encode(lines, version)
    lines_read, damage = read(data[:BLOCK] + data[2 * BLOCK :], frame_format=frame_format)
    assert lines_read == [line for line in lines if line in lines_read]
    assert len(lines) - len(lines_read) == sum(
        data.index(line) + len(line) > BLOCK and data.index(line) - frame_format.frame_header_size < 2 * BLOCK
        for line in lines
    )
    assert len(damage) == 1


@given(st.data())
def test_any_damage_leaves_sound_lines(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=30))
    lines = [b"%d %s" % (number, line) for number, line in enumerate(lines)]
    segment = bytearray(HEADER + FORMAT.encode(lines))
    start = data.draw(st.integers(0, len(segment) - 1))
    end = data.draw(st.integers(start + 1, len(segment)))
    segment[start:end] = data.draw(st.binary(min_size=end - start, max_size=end - start))
    offset, sound = len(HEADER), []
    for line in lines:
        frame_end = offset + FORMAT.frame_header_size + len(line)
        if frame_end <= start or offset >= end:
            sound.append(line)
        offset = frame_end
    lines_read, _ = read(bytes(segment))
    assert [line for line in sound if line not in lines_read] == []
    assert [line for line in lines_read if line not in lines] == []


def forge_frames(payload: bytes) -> list[bytes]:
    """Frames that a stranger may build without the id of the segment."""
    guesses = [bytes(8), b"\xff" * 8, b"clicktra", ID[:7] + b"x", secrets.token_bytes(8)]
    return [encode_version_1([payload]), *(FrameFormat2(guess).encode([payload]) for guess in guesses)]


@pytest.mark.parametrize("damage_at", [8, 12, 16, 20, 30])
def test_frame_inside_a_line_is_never_an_event(damage_at: int) -> None:
    forged = b'{"id":"forged"}'
    lines = [b"{" + frame * 3 + b"}" for frame in forge_frames(forged)]
    segment = bytearray(HEADER + FORMAT.encode([*lines, *LINES]))
    offset = len(HEADER)
    for line in lines:
        segment[offset + damage_at] ^= 0xFF
        offset += FORMAT.frame_header_size + len(line)
    assert read(bytes(segment)) == (LINES, [DamagedRange(len(HEADER), offset)])


def test_frame_inside_a_json_line_of_version_1_is_never_an_event() -> None:
    # JSON has no byte below 0x20, so this is the shortest length that fits into a line.
    forged = b"    " + struct.pack("<I", zlib.crc32(b"{}")) + b'{"id":"forged"}'
    data, frame_format = encode([b'{"url":"' + forged * 3 + b'"}', *LINES], 1)
    damaged = bytearray(data)
    damaged[len(frame_format.segment_header) + 5] ^= 1
    assert read(bytes(damaged), frame_format=frame_format)[0] == LINES


@pytest.mark.parametrize("version", [1, 2])
def test_torn_tail_is_not_damage(version: int) -> None:
    data, frame_format = encode(LINES, version)
    before = len(data) - len(LINES[2]) - frame_format.frame_header_size
    for end in range(before, len(data)):
        preallocated = bytes(PREALLOCATE_BYTES - end)
        assert read(data[:end], frame_format=frame_format) == (LINES[:2], [])
        assert read(data[:end] + preallocated, frame_format=frame_format) == (LINES[:2], [])


@pytest.mark.parametrize("version", [1, 2])
def test_damaged_last_line_is_not_a_torn_tail(version: int) -> None:
    data, frame_format = encode(LINES, version)
    start = len(data) - len(LINES[2]) - frame_format.frame_header_size
    damaged = data[:-3] + b"#" + data[-2:]
    for tail in (b"", bytes(PREALLOCATE_BYTES - len(data))):
        assert read(damaged + tail, frame_format=frame_format) == (LINES[:2], [DamagedRange(start, len(data))])


def test_zeroed_end_of_a_closed_segment_is_damage() -> None:
    data = HEADER + FORMAT.encode(LINES)
    start = len(data) - FORMAT.encoded_size(LINES[2:])
    zeros = bytes(len(data) - start - 7)
    assert read(data[: start + 7] + zeros) == (LINES[:2], [DamagedRange(start, len(data))])
    assert read(bytes(len(data))) == ([], [DamagedRange(0, len(data))])


def test_segment_without_lines_is_not_damaged() -> None:
    for data in (HEADER, HEADER[:9], bytes(PREALLOCATE_BYTES), HEADER + bytes(PREALLOCATE_BYTES - len(HEADER))):
        assert read(data) == ([], [])


def test_copied_frames_of_another_segment_are_damage() -> None:
    other = FrameFormat2(b"another!").encode(LINES)
    assert read(HEADER + other + FORMAT.encode(LINES)) == (LINES, [DamagedRange(len(HEADER), len(HEADER) + len(other))])


def test_frame_that_is_completed_during_the_search_is_read() -> None:
    """A reader may see the end of a batch before its beginning."""
    data = HEADER + FORMAT.encode(LINES)
    incomplete = data[: len(HEADER) + 4] + bytes(20) + data[len(HEADER) + 24 :]
    reads = [incomplete, data, data, data, data]

    def read_bytes(offset: int, size: int) -> bytes:
        current = reads.pop(0) if len(reads) > 1 else reads[0]
        return current[offset : offset + size]

    items = list(iter_frames(read_bytes, FORMAT, start=0, size=len(data)))
    assert [item.line for item in items if isinstance(item, Frame)] == LINES
    assert len(items) == len(LINES)


def measure_reading(data: bytes, frame_format: FrameFormat) -> float:
    best = float("inf")
    for _ in range(3):
        started_at = time.process_time()
        read(data, frame_format=frame_format)
        best = min(best, time.process_time() - started_at)
    return best


def damage_every_second_line(count: int, version: int) -> tuple[bytes, FrameFormat]:
    data, frame_format = encode([b'{"line":"%s"}' % (b"x" * 300)] * count, version)
    damaged = bytearray(data)
    step = (len(data) - len(frame_format.segment_header)) // count
    for offset in range(len(frame_format.segment_header) + 1, len(data), 2 * step):
        damaged[offset + 8] ^= 0xFF
        damaged[offset + 40] ^= 0xFF
    return bytes(damaged), frame_format


def repeat_marker(count: int, _version: int) -> tuple[bytes, FrameFormat]:
    return HEADER + ID * count, FORMAT


@pytest.mark.parametrize(
    ("build", "count", "version"),
    [(damage_every_second_line, 2_000, 1), (damage_every_second_line, 4_000, 2), (repeat_marker, 20_000, 2)],
    ids=["lines of version 1", "lines of version 2", "markers"],
)
@pytest.mark.without_coverage
def test_reading_damage_takes_linear_time(build: object, count: int, version: int) -> None:
    assert callable(build)
    single, eightfold = (measure_reading(*build(size, version)) for size in (count, 8 * count))
    assert eightfold < 30 * single  # 64 if it were quadratic
