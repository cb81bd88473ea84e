"""Ask a running engine for its reports, and to judge again.

The engine is the one process that may hold analytics open, so a command that wants numbers asks it over loopback.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from clicktrail.errors import StorageError
from clicktrail.model.event import rfc3339
from clicktrail.report import Filter
from clicktrail.server.pipeline.rejudge import Wanted

__all__ = [
    "ask_confusion",
    "ask_engine",
    "ask_history",
    "ask_segment",
    "have_rejudged",
    "keep_labels",
    "running_address",
    "running_console",
]

_TIMEOUT_S = 30


def running_console(run_file: Path) -> str | None:
    """The console's address if an engine says that it runs; None where none does."""
    return running_address(run_file, "console")


def running_address(run_file: Path, name: str) -> str | None:
    """The address of a part, such as ``metrics``, if an engine says that it runs; None where none does."""
    try:
        return str(json.loads(run_file.read_text("utf-8"))[name])
    except (OSError, ValueError, KeyError):
        return None


def ask_engine(console: str, campaign: str | None, filters: Sequence[Filter] = ()) -> list[dict[str, Any]] | None:
    """The report of one campaign, or of all where campaign is None; None if nobody answers there any more.

    With ``filters``, what each would leave stands beside.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    path = "/api/campaigns" if campaign is None else "/api/campaign"
    query = {"name": campaign, "filter": [by.value for by in filters]}
    answer = _answer(lambda: httpx2.get(console + path, params=query, timeout=_TIMEOUT_S), may_lack=True)
    if not answer:
        return None if answer is None else []
    return list(answer["campaigns"]) if campaign is None else [answer]


def ask_history(console: str, campaign: str, *, click: str | None, limit: int) -> dict[str, Any] | None:
    """The latest changes of verdicts, as `pipeline.history` describes them; None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    query = {"campaign": campaign, "limit": str(limit)} | ({} if click is None else {"click": click})
    return _answer(lambda: httpx2.get(f"{console}/api/history", params=query, timeout=_TIMEOUT_S), may_lack=True)


def ask_segment(console: str, *, since: datetime, campaign: str | None, after: str = "") -> list[dict[str, Any]] | None:
    """The next people with a human click behind a name, as `pipeline.segment` describes them; none after the last.

    None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    query = {"since": rfc3339(since), "after": after} | ({} if campaign is None else {"campaign": campaign})
    answer = _answer(lambda: httpx2.get(f"{console}/api/segment", params=query, timeout=_TIMEOUT_S))
    return None if answer is None else list(answer["recipients"])


def have_rejudged(console: str, wanted: Wanted) -> list[dict[str, Any]] | None:
    """Have the engine judge again, as `pipeline.rejudge` does; None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    headers = {"Content-Type": "application/json"}
    body = msgspec.json.encode(wanted)
    # It takes as long as it takes.
    answer = _answer(lambda: httpx2.post(f"{console}/api/rejudge", content=body, headers=headers, timeout=None))
    return None if answer is None else list(answer["campaigns"])


def keep_labels(console: str, truths: Mapping[str, str]) -> bool:
    """Have the engine keep what really made some clicks; False if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    return _answer(lambda: httpx2.post(f"{console}/api/labels", json=dict(truths), timeout=None)) is not None


def ask_confusion(console: str) -> dict[str, Any] | None:
    """How verdicts fare against all labels; None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    return _answer(lambda: httpx2.get(f"{console}/api/labels", timeout=_TIMEOUT_S))


def _answer(ask: Callable[[], httpx2.Response], *, may_lack: bool = False) -> dict[str, Any] | None:
    """What the engine says; None if nobody answers there any more.

    Args:
        ask: does.
        may_lack: that the engine knows of no such thing is an answer, and says nothing. Else it is an error, as where
            an engine of another version has no such address.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    try:
        response = ask()
    except httpx2.ConnectError:
        return None
    if may_lack and response.status_code == httpx2.codes.NOT_FOUND:
        return {}
    if response.is_error:
        raise StorageError(f"the engine answered {response.status_code}", hint="its log says why")
    return dict(response.json()) if response.content else {}
