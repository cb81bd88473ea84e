"""Processor time and memory of a process and its descendants, from /proc (proc(5))."""

import contextlib
import os
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_PARENT, _USER, _SYSTEM, _RESIDENT = 1, 11, 12, 21  # indexes of fields in /proc/PID/stat after the name


class ResourceUsage(NamedTuple):
    """Resources of a tree of processes.

    Attributes:
        cpu_s: seconds of processor time since they started, user and system.
        resident_bytes: resident memory; shared pages count for each process.
    """

    cpu_s: float
    resident_bytes: int


def measure_usage(pid: int) -> ResourceUsage:
    """Measure a process and all its descendants."""
    fields_by_pid: dict[int, list[int]] = {}
    children: defaultdict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        process_id = int(stat.parent.name)
        with contextlib.suppress(OSError):  # the process has ended
            fields = [0, *(int(field) for field in stat.read_text("utf-8").rpartition(") ")[2].split()[1:])]
            fields_by_pid[process_id] = fields
            children[fields[_PARENT]].append(process_id)
    ticks, pages, pids = 0, 0, [pid]
    while pids:
        process_id = pids.pop()
        pids += children[process_id]
        if process_id in fields_by_pid:
            fields = fields_by_pid[process_id]
            ticks += fields[_USER] + fields[_SYSTEM]
            pages += fields[_RESIDENT]
    return ResourceUsage(cpu_s=ticks / _TICKS_PER_S, resident_bytes=pages * _PAGE_BYTES)
