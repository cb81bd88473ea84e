"""The file of committed positions."""

import errno
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import StorageError
from clicktrail.server.journal import cursor
from clicktrail.server.journal.cursor import SegmentPosition, load_cursor, save_cursor
from clicktrail.server.journal.segments import SegmentFile, list_segments

POSITIONS = {
    "edge-0/0000000003-0123456789abcdef": SegmentPosition(offset=21, damaged_bytes=7, is_finished=True),
    "engine/0000000001-fedcba9876543210": SegmentPosition(offset=400),
}


def load(path: Path, segments: Iterable[SegmentFile] = ()) -> dict[str, SegmentPosition]:
    return load_cursor(path, lambda: segments)


def test_positions_round_trip(tmp_path: Path) -> None:
    save_cursor(tmp_path / "cursor", {})
    assert load(tmp_path / "cursor") == {}
    save_cursor(tmp_path / "cursor", POSITIONS)
    assert load(tmp_path / "cursor") == POSITIONS


def test_missing_cursor_has_no_positions(tmp_path: Path) -> None:
    assert load(tmp_path / "cursor") == {}


def test_failed_save_keeps_the_old_positions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    save_cursor(tmp_path / "cursor", POSITIONS)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageError, match="no space left"):
        save_cursor(tmp_path / "cursor", {})
    assert load(tmp_path / "cursor") == POSITIONS


def test_every_flipped_bit_is_detected(tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    save_cursor(path, POSITIONS)
    data = path.read_bytes().rstrip()
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(StorageError, match="cannot read the journal's cursor"):
            load(path)


@given(content=st.binary(max_size=60))
def test_anything_else_is_detected(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("cursor") / "cursor"
    path.write_bytes(content)
    with pytest.raises(StorageError):
        load(path)


def create_version_1(folder: Path, writer: str, numbers: Iterable[int]) -> None:
    (folder / writer).mkdir()
    for number in numbers:
        (folder / writer / f"{number:010}.segment").write_bytes(bytes(100 + number))


def test_cursor_of_version_1_is_converted(tmp_path: Path) -> None:
    create_version_1(tmp_path, "edge-0", [3, 4, 5])
    create_version_1(tmp_path, "edge-1", [1, 2])
    create_version_1(tmp_path, "engine", [1])
    segments = [segment for writer in ("edge-0", "edge-1", "engine") for segment in list_segments(tmp_path / writer)]
    path = tmp_path / "cursor"
    path.write_bytes(
        b'[{"writer":"edge-0","segment":4,"offset":77},{"writer":"edge-1","segment":7,"offset":21},'
        b'{"writer":"gone","segment":1,"offset":21}]'
    )
    assert load(path, segments) == {
        "edge-0/0000000003": SegmentPosition(offset=103, is_finished=True),
        "edge-0/0000000004": SegmentPosition(offset=77),
    }
    assert cursor.damaged_cursor_path(path) == tmp_path / "cursor.damaged"
