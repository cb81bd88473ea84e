"""The cursor: a file that says how far each segment is read.

It names segments by writer, number and random id. A segment that it does not name is read from its start. So if the
journal or the cursor is lost, or restored in part or from an older copy, no event is skipped. Some are read again; they
are recognised by their ids.

A checksum detects damage: one wrong digit could skip events. A damaged cursor is renamed, and the journal is read again
from the start of what is there.
"""

import contextlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from clicktrail.atomic_file import write_atomically
from clicktrail.errors import StorageError
from clicktrail.server.journal.segments import SegmentFile
from clicktrail.server.json_file import read_json_file

_FAILURE = "cannot read the journal's cursor"


class SegmentPosition(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How far a segment is read.

    Attributes:
        offset: bytes from the start of the segment.
        damaged_bytes: bytes before the offset that are damaged.
        is_finished: whether the segment was read to its end after its writer had closed it.
    """

    offset: int = 0
    damaged_bytes: int = 0
    is_finished: bool = False


class _CursorDocument(msgspec.Struct, frozen=True):
    segments: dict[str, SegmentPosition]
    checksum: int


_EMPTY_DOCUMENT = _CursorDocument(segments={}, checksum=zlib.crc32(b"{}"))


class _WriterPosition(msgspec.Struct, frozen=True):
    """A cursor of version 1 holds one for each writer: all earlier segments are read."""

    writer: str
    segment: int
    offset: int


def load_cursor(path: Path, list_segments: Callable[[], Iterable[SegmentFile]]) -> dict[str, SegmentPosition]:
    """Load positions by `SegmentFile.key`; empty if the file does not exist yet.

    Args:
        path: the cursor.
        list_segments: lists the segments that exist, to which a cursor of version 1 is applied.

    Raises:
        StorageError: the file cannot be read, or is damaged.
    """
    try:
        document = read_json_file(path, _CursorDocument, default=_EMPTY_DOCUMENT, failure=_FAILURE)
    except StorageError:
        with contextlib.suppress(StorageError):
            positions = read_json_file(path, tuple[_WriterPosition, ...], default=(), failure=_FAILURE)
            return _convert_version_1(positions, list_segments())
        raise
    if document.checksum != zlib.crc32(_encode_positions(document.segments)):
        raise StorageError(f"{_FAILURE} {path}: its checksum is wrong")
    return dict(document.segments)


def save_cursor(path: Path, positions: Mapping[str, SegmentPosition]) -> None:
    """Atomically replace the cursor.

    Raises:
        StorageError: the file could not be written, or not be synced: a power cut may still undo the change.
    """
    encoded = _encode_positions(positions)
    try:
        write_atomically(path, b'{"segments":%s,"checksum":%d}\n' % (encoded, zlib.crc32(encoded)))
    except OSError as error:
        raise StorageError(f"the journal's cursor {path} cannot be written: {error.strerror}") from error


def delete_cursor(path: Path) -> None:
    """Delete the cursor, if there is one: the journal is then read from its start.

    Raises:
        StorageError: it cannot be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"the journal's cursor {path} cannot be deleted: {error.strerror}") from error


def damaged_cursor_path(path: Path) -> Path:
    """Path to which a damaged cursor is renamed."""
    return path.with_name(f"{path.name}.damaged")


def set_cursor_aside(path: Path) -> None:
    """Rename a damaged cursor, if the disk allows it."""
    with contextlib.suppress(OSError):
        path.replace(damaged_cursor_path(path))


def _encode_positions(positions: Mapping[str, SegmentPosition]) -> bytes:
    return msgspec.json.encode(positions, order="sorted")


def _convert_version_1(
    writer_positions: Iterable[_WriterPosition], segments: Iterable[SegmentFile]
) -> dict[str, SegmentPosition]:
    by_writer: dict[str, list[SegmentFile]] = {}
    for segment in segments:
        if not segment.id:
            by_writer.setdefault(segment.path.parent.name, []).append(segment)
    positions: dict[str, SegmentPosition] = {}
    for position in writer_positions:
        of_writer = by_writer.get(position.writer, [])
        if all(segment.number < position.segment for segment in of_writer):
            continue  # the folder was lost, and its numbers began again
        for segment in of_writer:
            if segment.number < position.segment:
                positions[segment.key] = SegmentPosition(offset=segment.path.stat().st_size, is_finished=True)
            elif segment.number == position.segment:
                positions[segment.key] = SegmentPosition(offset=position.offset)
    return positions
