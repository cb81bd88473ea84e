"""Describe errors of files and disks: what failed, where, and how much space is left."""

import errno
import shutil
from pathlib import Path

_FULL_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_BYTES_PER_MB = 1_000_000


def describe_os_error(error: OSError, path: Path) -> str:
    """Reason of an error; if the disk is full, with the disk and its free space."""
    reason = error.strerror or type(error).__name__
    return f"{reason}; {describe_free_space(path)}" if error.errno in _FULL_DISK_ERRORS else reason


def describe_free_space(path: Path) -> str:
    """The free space of the disk that holds a file or folder, which need not exist."""
    folder = next((parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists()), Path("/"))
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return f"the free space on the disk of {folder} is unknown"
    return f"{free / _BYTES_PER_MB:,.1f} MB are free on the disk of {folder}"
