"""Keep the data folder private: folders have mode 0700 and files 0600.

New files get these modes by the umask that the command line sets. Files of earlier versions, or from a backup, may be
open to other users.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_GROUP_AND_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def remove_access_of_others(folder: Path, *, except_file: Path) -> int:
    """Remove the access of group and others to a folder and everything in it. Returns the number of changed modes.

    Args:
        folder: links in it are not followed.
        except_file: a file whose mode is checked elsewhere.
    """
    changed = 0
    for path in _iterate(folder):
        if path == except_file:
            continue
        with contextlib.suppress(OSError):  # it was deleted, or belongs to another user: nothing can be done here
            mode = path.lstat().st_mode
            if mode & _GROUP_AND_OTHERS and not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~_GROUP_AND_OTHERS)
                changed += 1
    return changed


def _iterate(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield Path(parent)
        yield from (Path(parent, name) for name in names)
