"""Template filters: format numbers, times and User-Agents, and build URLs of click searches."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from clicktrail.judge.user_agents import parse_browser
from clicktrail.model.verdict import Verdict
from clicktrail.server.pipeline.queries import encode_cursor
from clicktrail.server.ports import ClickSearch

__all__ = [
    "capitalize_first",
    "clicks_url",
    "date_and_minute",
    "date_and_second",
    "first_page",
    "number",
    "percent",
    "short_user_agent",
    "signed_points",
    "with_signal",
]

_OPERATING_SYSTEMS: Final[Mapping[str, str]] = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
"""Operating systems by the text in a browser's User-Agent. The first match counts: Android's also has ``Linux``."""

_MAX_USER_AGENT_CHARS = 60


def percent(share: float) -> str:
    """Format a fraction of 1 with one decimal: ``40.2%``. A share above 0 is never shown as 0: ``<0.1%``."""
    text = f"{share:.1%}"
    return "<0.1%" if share > 0 and text == "0.0%" else text


def number(count: int) -> str:
    """Format a count with thousands separators: ``12,345``."""
    return f"{count:,}"


def signed_points(points: int) -> str:
    """Format points with a sign. The minus sign is as wide as the plus sign."""
    return f"{points:+}".replace("-", "\N{MINUS SIGN}")


def date_and_minute(at: datetime) -> str:
    """Format a time as ``23 November 2026, 09:00 UTC``."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def date_and_second(at: datetime) -> str:
    """Format a time as ``23 November 2026, 09:00:07 UTC``."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC"


def capitalize_first(text: str) -> str:
    """Capitalize the first letter, and leave the others as they are."""
    return text[:1].upper() + text[1:]


def short_user_agent(user_agent: str) -> str:
    """Shorten a User-Agent: ``Chrome 150 on Windows`` for a browser, or its first 60 characters."""
    if browser := parse_browser(user_agent):
        system = next((name for text, name in _OPERATING_SYSTEMS.items() if text in user_agent), "")
        return f"{browser} on {system}" if system else str(browser)
    return user_agent if len(user_agent) <= _MAX_USER_AGENT_CHARS else f"{user_agent[:_MAX_USER_AGENT_CHARS].rstrip()}…"


def clicks_url(search: ClickSearch) -> str:
    """The URL of a search's page. Parameters with their default value are left out."""
    query: dict[str, str | Sequence[str]] = {"campaign": search.campaign}
    if search.verdicts != tuple(Verdict):
        query["verdict"] = search.verdicts
    if search.signal:
        query["signal"] = search.signal
    if not search.counted:
        query["counted"] = "false"
    if search.before:
        query["before"] = encode_cursor(search.before)
    return f"/clicks?{urlencode(query, doseq=True)}"


def first_page(search: ClickSearch) -> ClickSearch:
    """The same search from its first page."""
    return replace(search, before=None)


def with_signal(search: ClickSearch, signal: str) -> ClickSearch:
    """The first page of the same search for clicks with a signal, or with any if empty."""
    return replace(search, signal=signal, before=None)
