"""Numbers and times as the console writes them."""

from datetime import UTC, datetime

__all__ = ["moment", "number", "percent"]


def percent(share: float) -> str:
    """A share of one with one decimal: ``40.2%``; ``<0.1%`` where it is more than nothing and would read as that."""
    text = f"{share:.1%}"
    return "<0.1%" if share > 0 and text == "0.0%" else text


def number(count: int) -> str:
    """A count with its thousands set apart: ``12,345``."""
    return f"{count:,}"


def moment(at: datetime) -> str:
    """A time for a reader anywhere: ``23 November 2026, 09:00 UTC``."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
