"""Processor time and memory of a process and its descendants, from /proc (proc(5))."""

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator
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
    fields_by_pid = _read_fields()
    tree = [fields_by_pid[process_id] for process_id in _walk_tree(pid, fields_by_pid) if process_id in fields_by_pid]
    ticks = sum(fields[_USER] + fields[_SYSTEM] for fields in tree)
    pages = sum(fields[_RESIDENT] for fields in tree)
    return ResourceUsage(cpu_s=ticks / _TICKS_PER_S, resident_bytes=pages * _PAGE_BYTES)


def list_descendants(pid: int) -> list[int]:
    """Return the ids of all descendants of a process."""
    return list(_walk_tree(pid, _read_fields()))[1:]


def measure_threads(pid: int) -> dict[int, float]:
    """Seconds of processor time of the threads of a process, by their ids. The first one has the id of the process."""
    cpu_s: dict[int, float] = {}
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # the thread has ended
            fields = stat.read_text("utf-8").rpartition(") ")[2].split()
            cpu_s[int(stat.parent.name)] = (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_PER_S
    return cpu_s


def measure_busy_cores() -> float:
    """Seconds of processor time that all programs of this machine have used, of all cores together."""
    user, nice, system, _idle, _wait, irq, soft_irq, *_ = map(
        int, Path("/proc/stat").read_text("ascii").partition("\n")[0].split()[1:]
    )
    return (user + nice + system + irq + soft_irq) / _TICKS_PER_S


def _read_fields() -> dict[int, list[int]]:
    """Read the fields of all processes by process id; the fields after the name."""
    fields_by_pid: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has ended
            fields = stat.read_text("utf-8").rpartition(") ")[2].split()
            fields_by_pid[int(stat.parent.name)] = [0, *map(int, fields[1:])]
    return fields_by_pid


def _walk_tree(pid: int, fields_by_pid: dict[int, list[int]]) -> Iterator[int]:
    """Process ids of a process and its descendants."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for process_id, fields in fields_by_pid.items():
        children[fields[_PARENT]].append(process_id)
    pids = [pid]
    while pids:
        yield (process_id := pids.pop())
        pids += children[process_id]
