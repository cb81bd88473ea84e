"""What a worker process says of itself every second: that it lives, what troubles it, and its figures."""

import select
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from clicktrail.server.monitoring.metrics import Histogram, Metric

__all__ = [
    "MAX_HEARTBEAT_BYTES",
    "Health",
    "Heartbeat",
    "HistogramSnapshot",
    "MetricValue",
    "Problem",
    "ProcessStatus",
    "build_heartbeat",
    "summarize_health",
]

MAX_HEARTBEAT_BYTES = select.PIPE_BUF
"""Bytes of a pulse at most: a pipe takes that much as a whole or not at all (pipe(7)), so that none arrives cut."""


MetricValue = float | Mapping[str, float] | Histogram
"""What a metric has: a number, numbers by the second label's value, or a histogram."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a process cannot do, or that makes what it does worth less.

    Attributes:
        code: a slug that never changes, for machines.
        hint: what to do about it.
    """

    code: str
    hint: str


class HistogramSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """What a histogram holds: values in each bucket, and their sum."""

    counts: tuple[int, ...]
    total: float


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One second's word.

    Attributes:
        values: of counters and gauges, by the metric's name, then by the second label's value, empty if it has none.
        histograms: by the metric's name.
        problems: what is wrong just now.
    """

    values: Mapping[str, Mapping[str, float]] = {}
    histograms: Mapping[str, HistogramSnapshot] = {}
    problems: tuple[Problem, ...] = ()


def build_heartbeat(metric_values: Mapping[Metric, MetricValue], *, problems: tuple[Problem, ...] = ()) -> Heartbeat:
    """Say figures as they are now."""
    values: dict[str, Mapping[str, float]] = {}
    histograms: dict[str, HistogramSnapshot] = {}
    for metric, figure in metric_values.items():
        if isinstance(figure, Histogram):
            histograms[metric.name] = HistogramSnapshot(tuple(figure.counts), figure.total)
        else:
            values[metric.name] = dict(figure) if isinstance(figure, Mapping) else {"": figure}
    return Heartbeat(values=values, histograms=histograms, problems=problems)


# FOLDED health.py: How the processes are, as the supervisor knows it.


class ProcessStatus(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    UNRESPONSIVE = "unresponsive"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One process.

    Attributes:
        name: such as ``edge-0``.
        status: starting, serving, unresponsive (it serves, but has not given a sign for a while), or down.
        pid: its process id; None while it is down.
        restarts: how often it was started again.
        heartbeat: what it said last; empty until it says something.
    """

    name: str
    status: ProcessStatus
    pid: int | None
    restarts: int
    heartbeat: Heartbeat


def summarize_health(processes: Sequence[Health]) -> dict[str, Any]:
    """The health of all, for JSON: ``down`` where a process does not serve, ``degraded`` where one has troubles."""
    if any(process.status is not ProcessStatus.SERVING for process in processes):
        status = "down"
    elif any(process.heartbeat.problems for process in processes):
        status = "degraded"
    else:
        status = "ok"
    return {
        "status": status,
        "processes": {
            process.name: {
                "status": process.status,
                "pid": process.pid,
                "restarts": process.restarts,
                "problems": process.heartbeat.problems,
            }
            for process in processes
        },
    }
