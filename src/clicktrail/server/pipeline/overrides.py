"""What was changed about links after they were sent, and who may not be recorded any more: known without the registry.

Of a link's edits the most specific one stands: that of the link itself goes before that of its URL, and that before the
one of its host. Edits are about destinations as they were sent, so that none leads to another.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from clicktrail.model.edit import EditAction, LinkEdit, Target
from clicktrail.model.event import Click
from clicktrail.server.pipeline.redirect import Redirect, location_of
from clicktrail.tokens import KeyRing

__all__ = ["Ended", "Erased", "Overrides", "current_edits"]

_MARK_BYTES = 16
_PURPOSE = b"clicktrail erase"
_REMEMBERED_URLS = 4_096


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """The link was turned off, or its time is over.

    Attributes:
        event: what to record first: somebody followed the link all the same.
    """

    event: Click


class Overrides:
    """The edits in force.

    Args:
        edits: all there ever were.

    Attributes:
        any: whether there are any: every click asks, and hardly a sender has some.
    """

    def __init__(self, edits: Iterable[LinkEdit] = ()) -> None:
        current = current_edits(edits)
        self.any = bool(current)
        self._by_link = {(of.campaign, of.position): edit for of, edit in current.items() if of.position >= 0}
        self._by_url = {of.url: edit for of, edit in current.items() if of.url}
        self._by_host = {of.host: edit for of, edit in current.items() if of.host}

    def apply(self, redirect: Redirect, *, now: datetime) -> Redirect | Ended:
        """What becomes of a redirect. The event keeps the destination as it was sent: that is what reports call it."""
        edit = self._find(redirect.event)
        if edit is None:
            return redirect
        if edit.action is EditAction.EXPIRE and edit.expires_at and now < edit.expires_at:
            return redirect
        location = location_of(edit.destination)
        return Redirect(location=location, event=redirect.event) if location else Ended(event=redirect.event)

    def _find(self, click: Click) -> LinkEdit | None:
        edit = self._by_link.get((click.campaign, click.link)) or self._by_url.get(click.url)
        if edit is None and self._by_host:
            return self._by_host.get(_host(click.url))
        return edit


class Erased:
    """The recipients that were erased, by marks that tell who it was only to whoever asks for one by name.

    A mark is a keyed hash of the recipient, by the oldest key of the ring: keys are added and revoked, never taken out.

    Args:
        ring: the key ring.
        marks: of those who were erased, as `mark` makes them.

    Attributes:
        any: whether there are any.
    """

    def __init__(self, ring: KeyRing, marks: Iterable[str] = ()) -> None:
        self._key = ring.keys[-1].secret
        self._marks = frozenset(marks)
        self.any = bool(self._marks)

    def __contains__(self, recipient: object) -> bool:
        """Whether a recipient was erased; where only the mark is left of one, it stands for them."""
        if not self._marks or not recipient or not isinstance(recipient, str):
            return False
        return recipient in self._marks or self.mark(recipient) in self._marks

    def mark(self, recipient: str) -> str:
        """What is kept of a recipient. An address is the same in capital and small letters."""
        name = recipient.casefold() if "@" in recipient else recipient
        hashed = hashlib.blake2b(name.encode(), digest_size=_MARK_BYTES, key=self._key, person=_PURPOSE)
        return hashed.hexdigest()


@lru_cache(_REMEMBERED_URLS)
def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def current_edits(edits: Iterable[LinkEdit]) -> dict[Target, LinkEdit]:
    """The latest edit of each target, unless it restored the link."""
    latest = {edit.target: edit for edit in sorted(edits, key=lambda edit: (edit.at, edit.id))}
    return {target: edit for target, edit in latest.items() if edit.action is not EditAction.RESTORE}
