from collections.abc import Callable
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server import operator_networks, overrides_file
from clicktrail.server.journal.cursor import load_cursor
from clicktrail.server.json_file import read_json_file

DAMAGED_FILES = {
    "empty": b"",
    "cut off": b"{",
    "zeros": bytes(64),
    "not UTF-8": b'{"edits": [], "sources": {}, "\xff": "\xfe"}',
    "not UTF-8 in a value": b'{"edits": [{"id": "\xff"}], "sources": {"a\xff": {}}}',
    "another type": b'"text"',
    "nested": b'{"other": ' + b"[" * 200_000,
}
READERS: dict[str, Callable[[Path], object]] = {
    "networks": operator_networks.read,
    "overrides": overrides_file.read,
    "cursor": lambda path: load_cursor(path, list),
}


def read_numbers(path: Path) -> dict[str, int]:
    return read_json_file(path, dict[str, int], default={"none": 0}, failure="cannot read numbers in", hint="ask")


def test_document_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    path.write_bytes(b'{"one": 1}')
    assert read_numbers(path) == {"one": 1}


def test_missing_file_is_the_default(tmp_path: Path) -> None:
    assert read_numbers(tmp_path / "numbers.json") == {"none": 0}


def test_error_names_file_and_hint(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    path.write_bytes(b'{"one": "1"}')
    with pytest.raises(StorageError, match=r"^cannot read numbers in .*numbers\.json: Expected `int`") as caught:
        read_numbers(path)
    assert caught.value.hint == "ask"


def test_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read numbers in"):
        read_numbers(tmp_path)


@pytest.mark.parametrize("content", DAMAGED_FILES.values(), ids=DAMAGED_FILES)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_damaged_file_is_a_storage_error(read: Callable[[Path], object], content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"file\.json"):
        read(path)
