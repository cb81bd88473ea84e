"""Read and write the files that a command names; every failure is a one-line error."""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import ClicktrailError
from clicktrail.model.link import BodyType

BODY_TYPES_BY_SUFFIX = {".html": BodyType.HTML, ".htm": BodyType.HTML, ".txt": BodyType.TEXT, ".eml": None}
"""Body type of a mail file by its suffix; None for a whole message."""


def read_bytes(file: Path) -> bytes:
    """Read a file.

    Raises:
        ClicktrailError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise ClicktrailError(f"cannot read {file}: {error.strerror}") from error


def read_text(file: Path) -> str:
    """Read a UTF-8 file.

    Raises:
        ClicktrailError: it cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(file).decode()
    except UnicodeDecodeError as error:
        raise ClicktrailError(f"{file} is not UTF-8") from error


def write_bytes(file: Path, content: bytes) -> None:
    """Create or overwrite a file.

    Raises:
        ClicktrailError: it cannot be written.
    """
    try:
        file.write_bytes(content)
    except OSError as error:
        raise ClicktrailError(f"cannot write {file}: {describe_os_error(error, file)}") from error


def check_output(file: Path, inputs: Iterable[str]) -> None:
    """Check that a file to write is none of the files to read, also by another path.

    Raises:
        ClicktrailError: it is.
    """
    for name in inputs:
        with contextlib.suppress(OSError):  # one of them does not exist
            if file.samefile(name) and file.is_file():
                raise ClicktrailError(f"{file} is an input, so it cannot be the output", hint="name another file")


@contextlib.contextmanager
def open_output(file: Path) -> Iterator[IO[str]]:
    """Open a text file that takes its place when it is complete: if writing fails, an older file stays as it was.

    A device or pipe is written directly.

    Raises:
        ClicktrailError: it cannot be written.
    """
    try:
        if file.exists() and not file.is_file():
            with file.open("w", encoding="utf-8", newline="") as output:
                yield output
            return
        path = file.resolve()  # a link stays a link
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as output:
                yield output
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise ClicktrailError(f"cannot write {file}: {describe_os_error(error, file)}") from error
