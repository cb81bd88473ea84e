"""Key ring, processes, journal and disk of an installation, seen from outside, without its databases.

Only the processes that hold the locks of this data folder are asked, and they count since they started: neither another
installation nor an old event log makes a finding.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import msgspec

from clicktrail import keyring_file
from clicktrail.errors import ClicktrailError, KeyRingError
from clicktrail.server.doctor.findings import Finding, Severity
from clicktrail.server.monitoring.heartbeat import Problem, ProcessStatus
from clicktrail.server.service_locks import Component, RunningService, find_running
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.config import read_convention

_MIN_FREE_BYTES = 1_000_000_000
"""Disk space for a million clicks in journal and analytics, which a busy sender collects in a day."""

_HTTP_TIMEOUT_S = 10
_DOMAIN_PROBLEMS = frozenset({"domains-failing", "domains-unchecked"})
"""Of the engine's latest checks, up to a day ago. The doctor checks every domain itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessHealth:
    """Health of one process, as ``/healthz`` reports it."""

    status: ProcessStatus
    restarts: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationState:
    """What `inspect_installation` collects.

    Attributes:
        key_ring_error: why the key ring cannot be used; None if it can.
        are_own_hosts_empty: whether no link gets UTM parameters, because the convention names no own hosts.
        silent_ports: private ports of this data folder's supervisors that do not answer.
        processes: processes by name; None if nothing is served from the data folder.
        dropped_events: events dropped since the processes started.
        unreadable_events: journal lines since then that are not events.
    """

    key_ring_error: ClicktrailError | None
    is_key_ring_backed_up: bool
    disk_free_bytes: int
    are_own_hosts_empty: bool = False
    silent_ports: tuple[str, ...] = ()
    processes: Mapping[str, ProcessHealth] | None
    dropped_events: int = 0
    unreadable_events: int = 0


def inspect_installation(settings: Settings) -> InstallationState:
    """Collect the state of the installation in the settings' data folder.

    Raises:
        SettingsError: the UTM convention cannot be read.
    """
    running = find_running(settings.data_path)
    answers = {service: _ask(service) for service in dict.fromkeys(filter(None, running.values()))}
    metrics_text = "\n".join(answer.metrics_text for answer in answers.values() if answer)
    return InstallationState(
        key_ring_error=_find_key_ring_error(settings.keyring_path),
        is_key_ring_backed_up=keyring_file.is_backed_up(settings.keyring_path),
        disk_free_bytes=shutil.disk_usage(_find_existing_ancestor(settings.data_path)).free,
        are_own_hosts_empty=not read_convention(settings).own_hosts,
        silent_ports=tuple(service.metrics for service, answer in answers.items() if answer is None),
        processes=_merge_processes(running, answers) if running else None,
        dropped_events=_sum_metric(metrics_text, "clicktrail_journal_events_dropped_total"),
        unreadable_events=_sum_metric(metrics_text, "clicktrail_events_unreadable_total"),
    )


def diagnose_installation(state: InstallationState) -> Iterator[Finding]:
    """Findings about an installation."""
    yield from _check_key_ring(state)
    yield from _check_processes(state)
    yield from _check_lost_events(state)
    yield from _check_disk_space(state)
    yield from _check_utm_settings(state)


class _HealthResponse(msgspec.Struct):
    processes: dict[str, ProcessHealth]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    processes: Mapping[str, ProcessHealth]
    metrics_text: str


def _ask(service: RunningService) -> _Answer | None:
    """What a supervisor says about its processes; None if it does not answer."""
    with httpx2.Client(base_url=service.metrics, timeout=_HTTP_TIMEOUT_S) as client:
        try:
            health = msgspec.json.decode(client.get("/healthz").content, type=_HealthResponse)
            return _Answer(processes=health.processes, metrics_text=client.get("/metrics").text)
        except (httpx2.HTTPError, msgspec.DecodeError):
            return None


def _merge_processes(
    running: Mapping[Component, RunningService | None], answers: Mapping[RunningService, _Answer | None]
) -> dict[str, ProcessHealth]:
    """Processes of all supervisors. A component whose supervisor has not yet opened its private port is starting."""
    starting = ProcessHealth(status=ProcessStatus.STARTING, restarts=0, problems=())
    processes = {str(component): starting for component, service in running.items() if service is None}
    for answer in filter(None, answers.values()):
        processes |= answer.processes
    return processes


def _find_key_ring_error(path: Path) -> KeyRingError | None:
    try:
        keyring_file.load(path)
    except KeyRingError as error:
        return error
    return None


def _find_existing_ancestor(folder: Path) -> Path:
    return folder if folder.exists() else _find_existing_ancestor(folder.parent)


def _sum_metric(metrics_text: str, name: str) -> int:
    return sum(int(float(value)) for value in re.findall(rf"(?m)^{name}\{{.*\}} (\S+)$", metrics_text))


def _check_key_ring(state: InstallationState) -> Iterator[Finding]:
    if state.key_ring_error:
        yield Finding(
            code="key-ring",
            severity=Severity.ERROR,
            message=str(state.key_ring_error),
            hint=state.key_ring_error.hint,
        )
    elif not state.is_key_ring_backed_up:
        yield Finding(
            code="key-ring-not-backed-up",
            severity=Severity.WARNING,
            message="the key ring in its current state has no backup, and without it no link ever sent can be opened",
            hint="clicktrail keys backup FILE, to another machine",
        )


def _check_processes(state: InstallationState) -> Iterator[Finding]:
    if state.processes is None:
        yield Finding(
            code="not-running",
            severity=Severity.ERROR,
            message="no process runs from this data folder, so links do not work",
            hint="start clicktrail serve; if it runs, pass its settings file with --config",
        )
        return
    for url in state.silent_ports:
        yield Finding(
            code="private-port-silent",
            severity=Severity.ERROR,
            message=f"clicktrail serve runs, but its private port {url} does not answer",
            hint="run clicktrail doctor on the same machine and in the same container; else restart clicktrail serve",
        )
    for name, process in state.processes.items():
        if process.status is not ProcessStatus.SERVING:
            yield Finding(
                code=f"process-{process.status}",
                severity=Severity.ERROR,
                message=f"{name} is {process.status}",
                hint="the log of clicktrail serve says why",
            )
        if process.restarts:
            times = "once" if process.restarts == 1 else f"{process.restarts} times"
            yield Finding(
                code="process-restarted",
                severity=Severity.WARNING,
                message=f"{name} died and was restarted {times} since clicktrail serve started",
                hint="the log of clicktrail serve says when; dmesg says whether memory ran out",
            )
        for problem in process.problems:
            if problem.code in _DOMAIN_PROBLEMS:
                continue
            yield Finding(
                code=problem.code,
                severity=Severity.ERROR,
                message=f"{name} reports the problem {problem.code}",
                hint=problem.hint,
            )


def _check_lost_events(state: InstallationState) -> Iterator[Finding]:
    if state.dropped_events:
        yield Finding(
            code="dropped",
            severity=Severity.ERROR,
            message=f"{state.dropped_events:,} events were dropped, because the disk did not take them for too long",
            hint="their readers arrived; check space, permissions and health of the disk that holds data_dir",
        )
    if state.unreadable_events:
        yield Finding(
            code="unreadable-events",
            severity=Severity.ERROR,
            message=f"{state.unreadable_events:,} lines of the journal are not events, and were skipped",
            hint="the journal still holds them, and the log names their positions",
        )


def _check_disk_space(state: InstallationState) -> Iterator[Finding]:
    if state.disk_free_bytes < _MIN_FREE_BYTES:
        yield Finding(
            code="disk-low",
            severity=Severity.WARNING,
            message=f"{state.disk_free_bytes / 1e6:,.0f} MB are free on the disk that holds data_dir",
            hint="make space: on a full disk clicks wait in memory, and are dropped when that is full",
        )


def _check_utm_settings(state: InstallationState) -> Iterator[Finding]:
    if state.are_own_hosts_empty:
        yield Finding(
            code="utm-own-hosts-empty",
            severity=Severity.WARNING,
            message="no host is named as your own, so no link gets UTM parameters",
            hint='set utm.own_hosts to the hosts whose analytics you read, such as ["example.com", "*.example.com"]',
        )
