"""Open the files that a command reads, decompressed by their content: gzip, and every file of a zip archive.

A source can be read several times. Standard input and pipes are copied to a temporary file.
"""

import gzip
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast

from clicktrail.errors import ClicktrailError

STANDARD_INPUT: Final = "-"
_CHUNK_BYTES: Final = 65_536
_MAX_MEMORY_BYTES: Final = 1 << 20
"""Bytes of standard input that stay in memory."""
_MAX_GZIP_LAYERS: Final = 3
"""Firehose compresses, and what copies its files may compress again."""

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_WORKBOOK_MEMBER: Final = "xl/workbook.xml"
_SAVE_AS_CSV: Final = "save the sheet as CSV (UTF-8)"
_OTHER_KINDS: Final = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", _SAVE_AS_CSV),
    (b"PAR1", "a Parquet file", "convert it to CSV or JSON lines"),
    (b"Obj\x01", "an Avro file", "convert it to JSON lines"),
    (b"SQLite format 3", "a SQLite database", "export the table as CSV"),
    (b"%PDF", "a PDF", "export single clicks as CSV or JSON"),
    (b"BZh", "compressed by bzip2", "decompress it"),
    (b"\xfd7zXZ", "compressed by xz", "decompress it"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "decompress it"),
    (b"<!doctype html", "a web page", "export single clicks as CSV or JSON"),
    (b"<html", "a web page", "export single clicks as CSV or JSON"),
)  # fmt: skip
"""First bytes of files that have no text, in lower case where they are text, and what helps."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a file of an archive, whose bytes can be iterated several times.

    Attributes:
        name: name for messages.
    """

    name: str
    _open: Callable[[], IO[bytes]]

    def __iter__(self) -> Iterator[bytes]:
        stream = self._open()
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


def open_sources(file: str, stack: ExitStack) -> Iterable[Source]:
    """Open a file's sources, which are closed by ``stack``: one, or those of an archive.

    Raises:
        OSError: the file cannot be opened.
        ClicktrailError: it is a file of another kind, such as a workbook.
    """
    stream = stack.enter_context(_open_seekable(file))
    beginning = stream.read(len(_OTHER_KINDS[-2][0]))
    if beginning.startswith(_ZIP):
        return _list_members(file, stack.enter_context(zipfile.ZipFile(stream)))
    for signature, kind, hint in _OTHER_KINDS:
        if beginning.lower().startswith(signature.lower()):
            raise ClicktrailError(f"it is {kind}", hint=hint)
    return [Source(file, lambda: _decompress(stream))]


def _open_seekable(file: str) -> IO[bytes]:
    stream: IO[bytes] = sys.stdin.buffer if file == STANDARD_INPUT else Path(file).open("rb")  # noqa: SIM115
    if file != STANDARD_INPUT and stream.seekable():
        return stream
    copy: IO[bytes] = SpooledTemporaryFile(_MAX_MEMORY_BYTES)  # noqa: SIM115 (the caller closes it)
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    return copy


def _list_members(file: str, archive: zipfile.ZipFile) -> list[Source]:
    names = [
        name
        for name in archive.namelist()
        if not name.endswith("/") and not name.startswith("__MACOSX/") and not name.rpartition("/")[2].startswith(".")
    ]
    if _WORKBOOK_MEMBER in names:
        raise ClicktrailError("it is an Excel workbook", hint=_SAVE_AS_CSV)
    return [Source(f"{file}: {name}", lambda name=name: _decompress(archive.open(name))) for name in names]  # type: ignore[misc]


def _decompress(stream: IO[bytes]) -> IO[bytes]:
    for _ in range(_MAX_GZIP_LAYERS):
        stream.seek(0)
        is_compressed = stream.read(len(_GZIP)) == _GZIP
        stream.seek(0)
        if not is_compressed:
            break
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=stream, mode="rb"))
    return stream
