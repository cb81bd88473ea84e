"""Describe errors of SQLite without the rows that their text may quote."""

import sqlite3
from pathlib import Path

from clicktrail.disk_errors import describe_free_space

_PRIMARY_CODE_MASK = 0xFF
"""An extended result code of SQLite has its primary code in the lowest byte."""
_DISK_ERROR_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})


def describe_sqlite_error(error: BaseException, file: Path) -> str:
    """The kind of error and, if the file cannot be read or written, its disk and the free space."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & _PRIMARY_CODE_MASK
    if code not in _DISK_ERROR_CODES:
        return type(error).__name__
    return f"{file} cannot be written; {describe_free_space(file)}"
