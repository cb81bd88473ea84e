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
from clicktrail.model.event import format_rfc3339
from clicktrail.report import ClickFilter
from clicktrail.server.pipeline.rejudge import RejudgeRequest

__all__ = [
    "fetch_confusion",
    "fetch_history",
    "fetch_reports",
    "fetch_segment_page",
    "read_console_url",
    "read_service_url",
    "request_rejudge",
    "upload_labels",
]

_TIMEOUT_S = 30


def read_console_url(run_file: Path) -> str | None:
    """The console's address if an engine says that it runs; None where none does."""
    return read_service_url(run_file, "console")


def read_service_url(run_file: Path, service: str) -> str | None:
    """The address of a part, such as ``metrics``, if an engine says that it runs; None where none does."""
    try:
        return str(json.loads(run_file.read_text("utf-8"))[service])
    except (OSError, ValueError, KeyError):
        return None


def fetch_reports(
    console_url: str, campaign: str | None, filters: Sequence[ClickFilter] = ()
) -> list[dict[str, Any]] | None:
    """The report of one campaign, or of all where campaign is None; None if nobody answers there any more.

    With ``filters``, what each would leave stands beside.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    path = "/api/campaigns" if campaign is None else "/api/campaign"
    query = {"name": campaign, "filter": [by.value for by in filters]}
    answer = _send_request(
        lambda: httpx2.get(console_url + path, params=query, timeout=_TIMEOUT_S), allow_not_found=True
    )
    if not answer:
        return None if answer is None else []
    return list(answer["campaigns"]) if campaign is None else [answer]


def fetch_history(console_url: str, campaign: str, *, click: str | None, limit: int) -> dict[str, Any] | None:
    """The latest changes of verdicts, as `pipeline.history` describes them; None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    query = {"campaign": campaign, "limit": str(limit)} | ({} if click is None else {"click": click})
    return _send_request(
        lambda: httpx2.get(f"{console_url}/api/history", params=query, timeout=_TIMEOUT_S), allow_not_found=True
    )


def fetch_segment_page(
    console_url: str, *, since: datetime, campaign: str | None, after: str = ""
) -> list[dict[str, Any]] | None:
    """The next people with a human click behind a name, as `pipeline.segment` describes them; none after the last.

    None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    query = {"since": format_rfc3339(since), "after": after} | ({} if campaign is None else {"campaign": campaign})
    answer = _send_request(lambda: httpx2.get(f"{console_url}/api/segment", params=query, timeout=_TIMEOUT_S))
    return None if answer is None else list(answer["recipients"])


def request_rejudge(console_url: str, request: RejudgeRequest) -> list[dict[str, Any]] | None:
    """Have the engine judge again, as `pipeline.rejudge` does; None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    headers = {"Content-Type": "application/json"}
    body = msgspec.json.encode(request)
    # It takes as long as it takes.
    answer = _send_request(
        lambda: httpx2.post(f"{console_url}/api/rejudge", content=body, headers=headers, timeout=None)
    )
    return None if answer is None else list(answer["campaigns"])


def upload_labels(console_url: str, labels: Mapping[str, str]) -> bool:
    """Have the engine keep what really made some clicks; False if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    return _send_request(lambda: httpx2.post(f"{console_url}/api/labels", json=dict(labels), timeout=None)) is not None


def fetch_confusion(console_url: str) -> dict[str, Any] | None:
    """How verdicts fare against all labels; None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    return _send_request(lambda: httpx2.get(f"{console_url}/api/labels", timeout=_TIMEOUT_S))


def _send_request(send: Callable[[], httpx2.Response], *, allow_not_found: bool = False) -> dict[str, Any] | None:
    """What the engine says; None if nobody answers there any more.

    Args:
        send: does.
        allow_not_found: that the engine knows of no such thing is an answer, and says nothing. Else it is an error, as where
            an engine of another version has no such address.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    try:
        response = send()
    except httpx2.ConnectError:
        return None
    if allow_not_found and response.status_code == httpx2.codes.NOT_FOUND:
        return {}
    if response.is_error:
        raise StorageError(f"the engine answered {response.status_code}", hint="its log says why")
    return dict(response.json()) if response.content else {}
