"""Look at an installation from outside, as far as that takes neither its locks nor its databases."""

import re
import shutil
from pathlib import Path

import httpx2
import msgspec

from clicktrail.errors import KeyRingError
from clicktrail.server import keystore
from clicktrail.server.pipeline.diagnose import Facts, ProcessHealth
from clicktrail.server.reading import running_address
from clicktrail.server.settings import Settings

__all__ = ["examine"]

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
    ring = settings.data / keystore.NAME
    private = running_address(run_file, "metrics") or f"http://{settings.metrics.listen}"
    with httpx2.Client(base_url=private, timeout=_TIMEOUT_S) as client:
        try:
            processes = msgspec.json.decode(client.get("/healthz").content, type=_Health).processes
            metrics = client.get("/metrics").text
        except (httpx2.HTTPError, msgspec.DecodeError):  # nobody is there, or somebody else
            processes, metrics = None, ""
    return Facts(
        keys=_trouble_with(ring),
        keys_backed_up=keystore.is_backed_up(ring),
        free_bytes=shutil.disk_usage(_existing(settings.data)).free,
        processes=processes,
        let_go=_total(metrics, "clicktrail_journal_let_go_total"),
        unreadable=_total(metrics, "clicktrail_events_unreadable_total"),
    )


def _trouble_with(ring: Path) -> KeyRingError | None:
    try:
        keystore.load(ring)
    except KeyRingError as error:
        return error
    return None


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


def _total(metrics: str, name: str) -> int:
    """The sum of a metric over all processes."""
    return sum(int(float(value)) for value in re.findall(rf"(?m)^{name}\{{.*\}} (\S+)$", metrics))
