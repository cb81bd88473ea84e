"""What a server costs: processor time and memory of its process and all below it, as Linux tells (proc(5))."""

import contextlib
import os
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Cost", "cost"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_PARENT, _USER, _SYSTEM, _RESIDENT = 1, 11, 12, 21  # fields of /proc/PID/stat, counted behind the name


class Cost(NamedTuple):
    """Since the processes began.

    Attributes:
        seconds: of processor time, in the kernel too.
        memory: bytes that are resident now; what processes share counts for each of them.
    """

    seconds: float
    memory: int


def cost(pid: int) -> Cost:
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
            seconds += (fields[each][_USER] + fields[each][_SYSTEM]) / _TICKS
            memory += fields[each][_RESIDENT] * _PAGE
    return Cost(seconds=seconds, memory=memory)
