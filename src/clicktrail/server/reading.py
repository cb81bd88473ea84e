"""Ask a running engine for its reports.

The engine is the one process that may hold analytics open, so a command that wants numbers asks it over loopback.
"""

import json
from pathlib import Path
from typing import Any

import httpx2

from clicktrail.errors import StorageError

__all__ = ["ask_engine", "running_console"]

_TIMEOUT_S = 30


def running_console(run_file: Path) -> str | None:
    """The console's address if an engine says that it runs; None where none does."""
    try:
        return str(json.loads(run_file.read_text("utf-8"))["console"])
    except (OSError, ValueError, KeyError):
        return None


def ask_engine(console: str, campaign: str | None) -> list[dict[str, Any]] | None:
    """The report of one campaign, or of all where campaign is None; None if nobody answers there any more.

    Raises:
        StorageError: the engine answered, but with an error.
    """
    path, query = ("/api/campaigns", {}) if campaign is None else ("/api/campaign", {"name": campaign})
    try:
        response = httpx2.get(console + path, params=query, timeout=_TIMEOUT_S)
    except httpx2.ConnectError:
        return None
    if response.status_code == httpx2.codes.NOT_FOUND:
        return []
    if response.is_error:
        raise StorageError(f"the engine answered {response.status_code}", hint="its log says why")
    answer = response.json()
    return list(answer["campaigns"]) if campaign is None else [answer]
