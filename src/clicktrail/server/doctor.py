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
from clicktrail.server.engine_client import running_address
from clicktrail.server.settings import Settings

__all__ = ["Facts", "Finding", "ProcessHealth", "Severity", "Trouble", "diagnose", "examine"]

# FOLDED diagnose.py: From what can be seen of an installation to what is wrong with it, and what to do about
# that.

_LOW_BYTES = 1_000_000_000
"""Room on the disk for a million clicks, in the journal and in analytics; a busy sender needs a day for that."""


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Readers, clicks or reports suffer now."""
    WARNING = "warning"
    """They will, some day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
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
        troubles: what it cannot do.
    """

    status: str
    restarts: int
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was seen.

    Attributes:
        keys: why the key ring cannot be used; None if it can.
        keys_backed_up: whether a copy of the ring as it is now was made.
        free_bytes: room on the disk that holds the data folder.
        processes: how they are, by name; None where nobody answers at the private port.
        let_go: events that processes gave up since their start.
        unreadable: lines of the journal since then that were no events.
    """

    keys: ClicktrailError | None
    keys_backed_up: bool
    free_bytes: int
    processes: Mapping[str, ProcessHealth] | None
    let_go: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: a slug that never changes, for machines.
        severity: how much it matters.
        what: a sentence without its full stop.
        hint: what to do about it.
    """

    code: str
    severity: Severity
    what: str
    hint: str


def diagnose(facts: Facts) -> list[Finding]:
    """What is wrong, what matters most first."""
    found = [*_keys(facts), *_processes(facts), *_losses(facts), *_room(facts)]
    return sorted(found, key=lambda finding: list(Severity).index(finding.severity))


def _keys(facts: Facts) -> Iterator[Finding]:
    if facts.keys:
        yield Finding(code="keys", severity=Severity.ERROR, what=str(facts.keys), hint=facts.keys.hint)
    elif not facts.keys_backed_up:
        yield Finding(
            code="keys-not-backed-up",
            severity=Severity.WARNING,
            what="the key ring as it is now has no backup, and without it no link ever sent can be opened",
            hint="clicktrail keys backup FILE, to another machine",
        )


def _processes(facts: Facts) -> Iterator[Finding]:
    if facts.processes is None:
        yield Finding(
            code="not-running",
            severity=Severity.ERROR,
            what="nobody answers at the private port",
            hint="start clicktrail serve; if it runs, metrics.listen of these settings is not that of its own",
        )
        return
    for name, process in facts.processes.items():
        if process.status != "serving":
            yield Finding(
                code=f"process-{process.status}",
                severity=Severity.ERROR,
                what=f"{name} is {process.status}",
                hint="the log of clicktrail serve says why",
            )
        if process.restarts:
            yield Finding(
                code="restarted",
                severity=Severity.WARNING,
                what=f"{name} died and was started again, {process.restarts} times since the start",
                hint="the log of clicktrail serve says when; dmesg whether memory ran out",
            )
        for trouble in process.troubles:
            yield Finding(
                code=trouble.code,
                severity=Severity.ERROR,
                what=f"{name} is in trouble: {trouble.code}",
                hint=trouble.hint,
            )


def _losses(facts: Facts) -> Iterator[Finding]:
    if facts.let_go:
        yield Finding(
            code="let-go",
            severity=Severity.ERROR,
            what=f"{facts.let_go:,} events were given up, because the disk did not take them for too long",
            hint="their readers arrived; look at room, permissions and health of the disk that holds data_dir",
        )
    if facts.unreadable:
        yield Finding(
            code="unreadable",
            severity=Severity.ERROR,
            what=f"{facts.unreadable:,} lines of the journal are no events, and were passed over",
            hint="the journal still holds them, and the log names their places",
        )


def _room(facts: Facts) -> Iterator[Finding]:
    if facts.free_bytes < _LOW_BYTES:
        yield Finding(
            code="disk-low",
            severity=Severity.WARNING,
            what=f"{facts.free_bytes / 1e6:,.0f} MB are free on the disk that holds data_dir",
            hint="once it is full clicks wait in memory, and are lost when there is no more room",
        )


_TIMEOUT_S = 10


class _Health(msgspec.Struct):
    """What ``/healthz`` answers, as far as it is read."""

    processes: dict[str, ProcessHealth]


def examine(settings: Settings, run_file: Path) -> Facts:
    """What can be seen of the installation that some settings describe.

    Args:
        settings: its own.
        run_file: where its engine says which addresses are in use.
    """
    ring = settings.data / keyring_file.NAME
    private = running_address(run_file, "metrics") or f"http://{settings.metrics.listen}"
    with httpx2.Client(base_url=private, timeout=_TIMEOUT_S) as client:
        try:
            processes = msgspec.json.decode(client.get("/healthz").content, type=_Health).processes
            metrics = client.get("/metrics").text
        except (httpx2.HTTPError, msgspec.DecodeError):  # nobody is there, or somebody else
            processes, metrics = None, ""
    return Facts(
        keys=_trouble_with(ring),
        keys_backed_up=keyring_file.is_backed_up(ring),
        free_bytes=shutil.disk_usage(_existing(settings.data)).free,
        processes=processes,
        let_go=_total(metrics, "clicktrail_journal_let_go_total"),
        unreadable=_total(metrics, "clicktrail_events_unreadable_total"),
    )


def _trouble_with(ring: Path) -> KeyRingError | None:
    try:
        keyring_file.load(ring)
    except KeyRingError as error:
        return error
    return None


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


def _total(metrics: str, name: str) -> int:
    """The sum of a metric over all processes."""
    return sum(int(float(value)) for value in re.findall(rf"(?m)^{name}\{{.*\}} (\S+)$", metrics))
