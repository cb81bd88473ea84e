"""Apply link edits to redirects, without the registry.

The most specific edit of a link applies: an edit of the link itself before one of its URL, and that before one of its
host. Edits match destinations as they were sent, so the new destination of one edit is never changed by another.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import Click
from clicktrail.server.pipeline.redirect import Redirect, encode_location

__all__ = ["ActiveEdits", "Gone", "select_active_edits"]

_HOST_CACHE_SIZE = 4_096


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """Answer 410 Gone: the link is disabled or has expired.

    Attributes:
        event: click to record first.
    """

    event: Click


class ActiveEdits:
    """The latest edit of each target.

    Args:
        edits: all edits ever made.
    """

    def __init__(self, edits: Iterable[LinkEdit] = ()) -> None:
        active = select_active_edits(edits)
        self._is_empty = not active
        self._by_link = {
            (target.campaign, target.position): edit for target, edit in active.items() if target.position >= 0
        }
        self._by_url = {target.url: edit for target, edit in active.items() if target.url}
        self._by_host = {target.host: edit for target, edit in active.items() if target.host}

    def __bool__(self) -> bool:
        return not self._is_empty

    def apply(self, redirect: Redirect, *, now: datetime) -> Redirect | Gone:
        """Return the edited redirect. Its event keeps the destination as sent: reports group clicks by it."""
        edit = self._find(redirect.event)
        if edit is None:
            return redirect
        if edit.action is EditAction.EXPIRE and edit.expires_at and now < edit.expires_at:
            return redirect
        location = encode_location(edit.destination)
        return Redirect(location=location, event=redirect.event) if location else Gone(event=redirect.event)

    def _find(self, click: Click) -> LinkEdit | None:
        edit = self._by_link.get((click.campaign, click.link)) or self._by_url.get(click.url)
        if edit is None and self._by_host:
            return self._by_host.get(_parse_host(click.url))
        return edit


def select_active_edits(edits: Iterable[LinkEdit]) -> dict[EditTarget, LinkEdit]:
    """Return the latest edit of each target. Targets whose latest edit restores the link are left out."""
    latest = {edit.target: edit for edit in sorted(edits, key=lambda edit: (edit.at, edit.id))}
    return {target: edit for target, edit in latest.items() if edit.action is not EditAction.RESTORE}


@lru_cache(_HOST_CACHE_SIZE)
def _parse_host(url: str) -> str:
    return urlsplit(url).hostname or ""
