"""Processes as the supervisor knows them."""

from clicktrail.server.monitoring.heartbeat import Health, Pulse, Status

__all__ = ["process"]


def process(
    name: str = "edge-0", *, status: Status = Status.SERVING, restarts: int = 0, pulse: Pulse | None = None
) -> Health:
    """One that serves and has said nothing, unless told otherwise."""
    return Health(name=name, status=status, pid=7, restarts=restarts, pulse=pulse or Pulse())
