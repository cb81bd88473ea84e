"""People who really clicked, as many as there are, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from clicktrail.model.event import rfc3339
from clicktrail.server.ports import Analytics, Clicker

__all__ = ["PAGE", "described", "segment"]

PAGE = 10_000
"""People of a page: what one looks at and lets go."""


async def segment(
    analytics: Analytics, *, since: datetime, campaign: str | None, limit: int = PAGE
) -> AsyncIterator[Sequence[Clicker]]:
    """Everybody with a human click since a time, of one campaign or of any, by name.

    Raises:
        StorageError: the next page cannot be read just now.
    """
    after = ""
    while page := await analytics.clickers(since=since, campaign=campaign, after=after, limit=limit):
        yield page
        after = page[-1].recipient


def described(clicker: Clicker) -> dict[str, object]:
    """A person in the shape of ``clicktrail segment --json``."""
    return {"recipient": clicker.recipient, "clicks": clicker.clicks, "last_click_at": rfc3339(clicker.last_at)}
