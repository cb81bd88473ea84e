"""Heartbeats: metrics and problems that a worker process reports every second; health of all processes."""

import select
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from clicktrail.server.monitoring.metrics import Histogram, Metric

MAX_HEARTBEAT_BYTES = select.PIPE_BUF
"""Writes to a pipe up to this size are atomic (pipe(7)), so that no heartbeat arrives truncated."""

MetricValue = float | Mapping[str, float] | Histogram
"""A number, numbers by value of the second label, or a histogram."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A failure of a process, or a condition that makes its results less reliable."""

    code: str
    hint: str


class HistogramSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """A histogram at one time: number of values in each bucket, and the sum of all values."""

    counts: tuple[int, ...]
    total: float


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A report of a worker process.

    Attributes:
        values: counters and gauges by name of the metric, then by value of its second label (``""`` if it has none).
    """

    values: Mapping[str, Mapping[str, float]] = {}
    histograms: Mapping[str, HistogramSnapshot] = {}
    problems: tuple[Problem, ...] = ()


def build_heartbeat(metric_values: Mapping[Metric, MetricValue], *, problems: tuple[Problem, ...] = ()) -> Heartbeat:
    """Build a heartbeat from the current values of metrics."""
    values: dict[str, Mapping[str, float]] = {}
    histograms: dict[str, HistogramSnapshot] = {}
    for metric, value in metric_values.items():
        if isinstance(value, Histogram):
            histograms[metric.name] = HistogramSnapshot(tuple(value.counts), value.total)
        else:
            values[metric.name] = dict(value) if isinstance(value, Mapping) else {"": value}  # no second label
    return Heartbeat(values=values, histograms=histograms, problems=problems)


class ProcessStatus(StrEnum):
    """Status of a process, as the supervisor sees it."""

    STARTING = "starting"
    SERVING = "serving"
    UNRESPONSIVE = "unresponsive"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Health of one process.

    Attributes:
        status: status; ``unresponsive`` means that it has served but sends no heartbeats.
        pid: process id; None while the process is down.
        heartbeat: latest heartbeat; empty before the first.
    """

    name: str
    status: ProcessStatus
    pid: int | None
    restarts: int
    heartbeat: Heartbeat


def summarize_health(processes: Sequence[Health]) -> dict[str, Any]:
    """Health of all processes, for JSON: ``down`` if one does not serve, ``degraded`` if one has problems."""
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
