"""Locks of files (flock), which end with the process that holds them."""

import fcntl


def try_lock(descriptor: int) -> bool:
    """Lock a file exclusively, until it is closed. Return False, at once, if another process has it locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(descriptor: int) -> bool:
    """Whether another process has locked a file exclusively. If not, the file has a shared lock until it is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
