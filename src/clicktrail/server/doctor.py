"""Look at an installation from outside, as far as that takes neither its locks nor its databases."""

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
from clicktrail.server.settings import Settings

__all__ = ["Finding", "InstallationState", "Problem", "ProcessHealth", "Severity", "diagnose", "inspect_installation"]

# FOLDED diagnose.py: From what can be seen of an installation to what is wrong with it, and what to do about
# that.

_MIN_FREE_BYTES = 1_000_000_000
"""Room on the disk for a million clicks, in the journal and in analytics; a busy sender needs a day for that."""


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Readers, clicks or reports suffer now."""
    WARNING = "warning"
    """They will, some day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a process says that it cannot do.

    Attributes:
        code: a slug that never changes, for machines.
        hint: what to do about it.
    """

    code: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessHealth:
    """One process, as ``/healthz`` tells of it.

    Attributes:
        status: ``starting``, ``serving``, ``silent`` or ``down``.
        restarts: how often it was started again.
        problems: what it cannot do.
    """

    status: str
    restarts: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationState:
    """What was seen.

    Attributes:
        key_ring_error: why the key ring cannot be used; None if it can.
        is_key_ring_backed_up: whether a copy of the ring as it is now was made.
        disk_free_bytes: room on the disk that holds the data folder.
        processes: how they are, by name; None where nobody answers at the private port.
        dropped_events: events that processes gave up since their start.
        unreadable_events: lines of the journal since then that were no events.
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
        severity: how much it matters.
        message: a sentence without its full stop.
        hint: what to do about it.
    """

    code: str
    severity: Severity
    message: str
    hint: str


def diagnose(state: InstallationState) -> list[Finding]:
    """What is wrong, what matters most first."""
    found = [*_check_key_ring(state), *_check_processes(state), *_check_lost_events(state), *_check_disk_space(state)]
    return sorted(found, key=lambda finding: list(Severity).index(finding.severity))


def _check_key_ring(facts: InstallationState) -> Iterator[Finding]:
    if facts.key_ring_error:
        yield Finding(
            code="key-ring", severity=Severity.ERROR, message=str(facts.key_ring_error), hint=facts.key_ring_error.hint
        )
    elif not facts.is_key_ring_backed_up:
        yield Finding(
            code="key-ring-not-backed-up",
            severity=Severity.WARNING,
            message="the key ring as it is now has no backup, and without it no link ever sent can be opened",
            hint="clicktrail keys backup FILE, to another machine",
        )


def _check_processes(facts: InstallationState) -> Iterator[Finding]:
    if facts.processes is None:
        yield Finding(
            code="not-running",
            severity=Severity.ERROR,
            message="nobody answers at the private port",
            hint="start clicktrail serve; if it runs, metrics.listen of these settings is not that of its own",
        )
        return
    for name, process in facts.processes.items():
        if process.status != "serving":
            yield Finding(
                code=f"process-{process.status}",
                severity=Severity.ERROR,
                message=f"{name} is {process.status}",
                hint="the log of clicktrail serve says why",
            )
        if process.restarts:
            yield Finding(
                code="process-restarted",
                severity=Severity.WARNING,
                message=f"{name} died and was started again, {process.restarts} times since the start",
                hint="the log of clicktrail serve says when; dmesg whether memory ran out",
            )
        for trouble in process.problems:
            yield Finding(
                code=trouble.code,
                severity=Severity.ERROR,
                message=f"{name} is in trouble: {trouble.code}",
                hint=trouble.hint,
            )


def _check_lost_events(facts: InstallationState) -> Iterator[Finding]:
    if facts.dropped_events:
        yield Finding(
            code="dropped",
            severity=Severity.ERROR,
            message=f"{facts.dropped_events:,} events were given up, because the disk did not take them for too long",
            hint="their readers arrived; look at room, permissions and health of the disk that holds data_dir",
        )
    if facts.unreadable_events:
        yield Finding(
            code="unreadable-events",
            severity=Severity.ERROR,
            message=f"{facts.unreadable_events:,} lines of the journal are no events, and were passed over",
            hint="the journal still holds them, and the log names their places",
        )


def _check_disk_space(facts: InstallationState) -> Iterator[Finding]:
    if facts.disk_free_bytes < _MIN_FREE_BYTES:
        yield Finding(
            code="disk-low",
            severity=Severity.WARNING,
            message=f"{facts.disk_free_bytes / 1e6:,.0f} MB are free on the disk that holds data_dir",
            hint="once it is full clicks wait in memory, and are lost when there is no more room",
        )


_HTTP_TIMEOUT_S = 10


class _HealthResponse(msgspec.Struct):
    """What ``/healthz`` answers, as far as it is read."""

    processes: dict[str, ProcessHealth]


def inspect_installation(settings: Settings, run_file: Path) -> InstallationState:
    """What can be seen of the installation that some settings describe.

    Args:
        settings: its own.
        run_file: where its engine says which addresses are in use.
    """
    ring = settings.data_path / keyring_file.FILE_NAME
    private = read_service_url(run_file, "metrics") or f"http://{settings.metrics.listen}"
    with httpx2.Client(base_url=private, timeout=_HTTP_TIMEOUT_S) as client:
        try:
            processes = msgspec.json.decode(client.get("/healthz").content, type=_HealthResponse).processes
            metrics = client.get("/metrics").text
        except (httpx2.HTTPError, msgspec.DecodeError):  # nobody is there, or somebody else
            processes, metrics = None, ""
    return InstallationState(
        key_ring_error=_find_key_ring_error(ring),
        is_key_ring_backed_up=keyring_file.is_backed_up(ring),
        disk_free_bytes=shutil.disk_usage(_find_existing_ancestor(settings.data_path)).free,
        processes=processes,
        dropped_events=_sum_metric(metrics, "clicktrail_journal_events_dropped_total"),
        unreadable_events=_sum_metric(metrics, "clicktrail_events_unreadable_total"),
    )


def _find_key_ring_error(ring: Path) -> KeyRingError | None:
    try:
        keyring_file.load(ring)
    except KeyRingError as error:
        return error
    return None


def _find_existing_ancestor(folder: Path) -> Path:
    return folder if folder.exists() else _find_existing_ancestor(folder.parent)


def _sum_metric(metrics: str, name: str) -> int:
    """The sum of a metric over all processes."""
    return sum(int(float(value)) for value in re.findall(rf"(?m)^{name}\{{.*\}} (\S+)$", metrics))
