"""Health of processes, as the supervisor reports it."""

from clicktrail.server.monitoring.heartbeat import Health, Heartbeat, ProcessStatus


def process_health(
    name: str = "edge-0",
    *,
    status: ProcessStatus = ProcessStatus.SERVING,
    restarts: int = 0,
    heartbeat: Heartbeat | None = None,
) -> Health:
    return Health(name=name, status=status, pid=7, restarts=restarts, heartbeat=heartbeat or Heartbeat())
