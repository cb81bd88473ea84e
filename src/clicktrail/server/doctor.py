"""Diagnose an installation from outside, without its locks and databases."""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx2
import msgspec

from clicktrail import keyring_file
from clicktrail.errors import ClicktrailError, KeyRingError
from clicktrail.server.engine_client import read_service_url
from clicktrail.server.monitoring.heartbeat import Problem, ProcessStatus
from clicktrail.server.settings import Settings

_MIN_FREE_BYTES = 1_000_000_000
"""Disk space for a million clicks in journal and analytics, which a busy sender collects in a day."""

_HTTP_TIMEOUT_S = 10


class Severity(StrEnum):
    """How urgent a finding is. The most urgent is first."""

    ERROR = "error"
    """Readers, clicks or reports are affected now."""
    WARNING = "warning"
    """They will be affected some day."""


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
        processes: processes by name; None if the private port does not answer.
        dropped_events: events dropped since the processes started.
        unreadable_events: journal lines since then that are not events.
    """

    key_ring_error: ClicktrailError | None
    is_key_ring_backed_up: bool
    disk_free_bytes: int
    processes: Mapping[str, ProcessHealth] | None
    dropped_events: int = 0
    unreadable_events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: a slug that never changes, for machines.
        message: a sentence without its full stop.
    """

    code: str
    severity: Severity
    message: str
    hint: str


def inspect_installation(settings: Settings) -> InstallationState:
    """Collect the state of the installation in the settings' data folder."""
    processes, metrics_text = _fetch_health_and_metrics(settings)
    return InstallationState(
        key_ring_error=_find_key_ring_error(settings.keyring_path),
        is_key_ring_backed_up=keyring_file.is_backed_up(settings.keyring_path),
        disk_free_bytes=shutil.disk_usage(_find_existing_ancestor(settings.data_path)).free,
        processes=processes,
        dropped_events=_sum_metric(metrics_text, "clicktrail_journal_events_dropped_total"),
        unreadable_events=_sum_metric(metrics_text, "clicktrail_events_unreadable_total"),
    )


def diagnose(state: InstallationState) -> list[Finding]:
    """Findings about an installation, errors first."""
    findings = [
        *_check_key_ring(state),
        *_check_processes(state),
        *_check_lost_events(state),
        *_check_disk_space(state),
    ]
    return sorted(findings, key=lambda finding: list(Severity).index(finding.severity))


class _HealthResponse(msgspec.Struct):
    processes: dict[str, ProcessHealth]


def _fetch_health_and_metrics(settings: Settings) -> tuple[Mapping[str, ProcessHealth] | None, str]:
    metrics_url = read_service_url(settings.run_file_path, "metrics") or f"http://{settings.metrics.listen}"
    with httpx2.Client(base_url=metrics_url, timeout=_HTTP_TIMEOUT_S) as client:
        try:
            health = msgspec.json.decode(client.get("/healthz").content, type=_HealthResponse)
            return health.processes, client.get("/metrics").text
        except (httpx2.HTTPError, msgspec.DecodeError):  # no server, or another program at this port
            return None, ""


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
            message="the private port does not answer",
            hint="start clicktrail serve; if it runs, check that it has the same metrics.listen as these settings",
        )
        return
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
