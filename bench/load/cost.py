"""What a server costs: processor time and memory of its process and all below it, as Linux tells (proc(5))."""

import contextlib
import os
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["ResourceUsage", "measure_usage"]

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_PARENT, _USER, _SYSTEM, _RESIDENT = 1, 11, 12, 21  # fields of /proc/PID/stat, counted behind the name


class ResourceUsage(NamedTuple):
    """Since the processes began.

    Attributes:
        cpu_s: of processor time, in the kernel too.
        resident_bytes: bytes that are resident now; what processes share counts for each of them.
    """

    cpu_s: float
    resident_bytes: int


def measure_usage(pid: int) -> ResourceUsage:
    """Of a process and those that it started, and they again."""
    fields: dict[int, list[int]] = {}
    below: defaultdict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            told = [int(field) for field in stat.read_text("utf-8").rpartition(") ")[2].split()[1:]]
            fields[int(stat.parent.name)] = [0, *told]
            below[told[0]].append(int(stat.parent.name))
    seconds, memory, waiting = 0.0, 0, [pid]
    while waiting:
        each = waiting.pop()
        waiting += below[each]
        if each in fields:
            seconds += (fields[each][_USER] + fields[each][_SYSTEM]) / _TICKS_PER_S
            memory += fields[each][_RESIDENT] * _PAGE_BYTES
    return ResourceUsage(cpu_s=seconds, resident_bytes=memory)
