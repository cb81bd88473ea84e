"""Read and write the files that a command names; every failure is a one-line error."""

from pathlib import Path

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
