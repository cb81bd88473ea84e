"""Processes as the supervisor knows them."""

from clicktrail.server.monitoring.heartbeat import Health, Heartbeat, ProcessStatus

__all__ = ["process_health"]


def process_health(
    name: str = "edge-0",
    *,
    status: ProcessStatus = ProcessStatus.SERVING,
    restarts: int = 0,
    pulse: Heartbeat | None = None,
) -> Health:
    """One that serves and has said nothing, unless told otherwise."""
    return Health(name=name, status=status, pid=7, restarts=restarts, heartbeat=pulse or Heartbeat())
