"""How the processes are, as the supervisor knows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clicktrail.server.monitoring.pulse import Pulse

__all__ = ["Health", "Status", "overall"]


class Status(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    SILENT = "silent"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One process.

    Attributes:
        name: such as ``edge-0``.
        status: starting, serving, silent (it serves, but has not given a sign for a while), or down.
        pid: its process id; None while it is down.
        restarts: how often it was started again.
        pulse: what it said last; empty until it says something.
    """

    name: str
    status: Status
    pid: int | None
    restarts: int
    pulse: Pulse


def overall(processes: Sequence[Health]) -> dict[str, Any]:
    """The health of all, for JSON: ``down`` where a process does not serve, ``degraded`` where one has troubles."""
    if any(process.status is not Status.SERVING for process in processes):
        status = "down"
    elif any(process.pulse.troubles for process in processes):
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
                "troubles": process.pulse.troubles,
            }
            for process in processes
        },
    }
