"""Numbers, times and names as the console writes them."""

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
"""What stands in the header of a browser there, in the order in which it is looked for: Android's has Linux, too."""

_MAX_USER_AGENT_CHARS = 60
"""Characters of an agent that is no browser."""


def percent(share: float) -> str:
    """A share of one with one decimal: ``40.2%``; ``<0.1%`` where it is more than nothing and would read as that."""
    text = f"{share:.1%}"
    return "<0.1%" if share > 0 and text == "0.0%" else text


def number(count: int) -> str:
    """A count with its thousands set apart: ``12,345``."""
    return f"{count:,}"


def signed_points(count: int) -> str:
    """Points with their sign, and a minus that is as wide as a plus."""
    return f"{count:+}".replace("-", "\N{MINUS SIGN}")


def date_and_minute(at: datetime) -> str:
    """A time for a reader anywhere: ``23 November 2026, 09:00 UTC``."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def date_and_second(at: datetime) -> str:
    """The same to the second, of which a scanner makes use: ``23 November 2026, 09:00:07 UTC``."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC"


def capitalize_first(text: str) -> str:
    """Words with a capital letter at their beginning."""
    return text[:1].upper() + text[1:]


def short_user_agent(user_agent: str) -> str:
    """What a program calls itself, in short: ``Chrome 150 on Windows``, or the beginning of its own words."""
    if browser := parse_browser(user_agent):
        system = next((name for mark, name in _OPERATING_SYSTEMS.items() if mark in user_agent), "")
        return f"{browser} on {system}" if system else str(browser)
    return user_agent if len(user_agent) <= _MAX_USER_AGENT_CHARS else f"{user_agent[:_MAX_USER_AGENT_CHARS].rstrip()}…"


def clicks_url(search: ClickSearch) -> str:
    """The address of the page that shows the clicks one looks for."""
    asked: dict[str, str | Sequence[str]] = {"campaign": search.campaign}
    if search.verdicts != tuple(Verdict):
        asked["verdict"] = search.verdicts
    if search.signal:
        asked["signal"] = search.signal
    if not search.counted:
        asked["counted"] = "false"
    if search.before:
        asked["before"] = encode_cursor(search.before)
    return f"/clicks?{urlencode(asked, doseq=True)}"


def first_page(search: ClickSearch) -> ClickSearch:
    """The same from its beginning."""
    return replace(search, before=None)


def with_signal(search: ClickSearch, signal: str) -> ClickSearch:
    """The same among the clicks with a signal, from its beginning; among all where it is empty."""
    return replace(search, signal=signal, before=None)
