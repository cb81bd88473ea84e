"""Search the bytes of files of any size."""

from collections.abc import Callable
from pathlib import Path

_CHUNK_BYTES = 16 * 1024 * 1024
_OVERLAP_BYTES = 8 * 1024
"""Longer than any recipient in any encoding."""


def is_in_file(path: Path, is_found: Callable[[bytes], bool]) -> bool:
    """Whether a part of a file is found.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        overlap = b""
        while chunk := file.read(_CHUNK_BYTES):
            if is_found(overlap + chunk):
                return True
            overlap = chunk[-_OVERLAP_BYTES:]
    return False
