"""What was changed about links after they were sent, known without the registry.

Of a link's edits the most specific one stands: that of the link itself goes before that of its URL, and that before the
one of its host. Edits are about destinations as they were sent, so that none leads to another.
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
    """The link was turned off, or its time is over.

    Attributes:
        event: what to record first: somebody followed the link all the same.
    """

    event: Click


class ActiveEdits:
    """The edits in force.

    Args:
        edits: all there ever were.

    Attributes:
        __bool__: whether there are any: every click asks, and hardly a sender has some.
    """

    def __init__(self, edits: Iterable[LinkEdit] = ()) -> None:
        current = select_active_edits(edits)
        self.__bool__ = bool(current)
        self._by_link = {(of.campaign, of.position): edit for of, edit in current.items() if of.position >= 0}
        self._by_url = {of.url: edit for of, edit in current.items() if of.url}
        self._by_host = {of.host: edit for of, edit in current.items() if of.host}

    def apply(self, redirect: Redirect, *, now: datetime) -> Redirect | Gone:
        """What becomes of a redirect. The event keeps the destination as it was sent: that is what reports call it."""
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


@lru_cache(_HOST_CACHE_SIZE)
def _parse_host(url: str) -> str:
    return urlsplit(url).hostname or ""


def select_active_edits(edits: Iterable[LinkEdit]) -> dict[EditTarget, LinkEdit]:
    """The latest edit of each target, unless it restored the link."""
    latest = {edit.target: edit for edit in sorted(edits, key=lambda edit: (edit.at, edit.id))}
    return {target: edit for target, edit in latest.items() if edit.action is not EditAction.RESTORE}
