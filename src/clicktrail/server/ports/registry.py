"""What was configured and must be looked up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import LinkEdit
from clicktrail.model.link_set import LinkSet, ShortLinkMessage

__all__ = [
    "Consents",
    "Erasures",
    "LinkEdits",
    "LinkSets",
    "ShortLinks",
]


class LinkSets(Protocol):
    """The link sets that campaign tokens name by number."""

    async def add(self, link_set: LinkSet) -> int:
        """Keep a link set durably. Returns its number, which no other has or had.

        Raises:
            StorageError: it may or may not have been kept, under a number that nobody knows.
        """
        ...

    async def find(self, link_set_id: int) -> LinkSet | None:
        """One link set; None if there is none of that number.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...


class ShortLinks(Protocol):
    """Where short tokens lead."""

    async def add(self, message: ShortLinkMessage) -> None:
        """Keep a message's links durably.

        Raises:
            StorageError: they were not kept for sure, or the code is taken. Another code may be tried.
        """
        ...

    async def find(self, code: int) -> ShortLinkMessage | None:
        """The message with a code; None if there is none.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...

    async def delete(self, *, created_before: datetime, limit: int) -> int:
        """Delete messages that were added before a time, the oldest first and at most so many; how many there were.

        Raises:
            StorageError: some may still be there; the same call again is safe.
        """
        ...


class Consents(Protocol):
    """What recipients said to being tracked. An address is the same in capital and small letters."""

    async def set(self, recipient: str, consent: Consent, *, at: datetime) -> None:
        """Keep what a recipient said last.

        Raises:
            StorageError: it was not kept for sure; the same call again is safe.
        """
        ...

    async def find(self, recipient: str) -> Consent | None:
        """What a recipient said last; None if nothing.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...

    async def list_records(self, *, since: datetime | None) -> Sequence[ConsentRecord]:
        """What was said at a time and later; without one, by whom tracking was denied, whenever that was.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...


class LinkEdits(Protocol):
    """What was changed about links after they were sent."""

    async def add(self, edit: LinkEdit) -> None:
        """Keep an edit durably.

        Raises:
            StorageError: it was not kept for sure; the same call again is safe.
        """
        ...

    async def list_all(self) -> Sequence[LinkEdit]:
        """Every edit there ever was, in the order of time.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...


class Erasures(Protocol):
    """The recipients of whom nothing may be recorded any more."""

    async def add(self, recipient: str, recipient_hash: str, *, at: datetime) -> None:
        """Begin to erase a recipient: short messages have the mark in their place, and they deny being tracked.

        Args:
            recipient: address or opaque id.
            recipient_hash: what is kept of them for good.
            at: aware.

        Raises:
            StorageError: it was not done for sure; the same call again is safe.
        """
        ...

    async def list_hashes(self) -> Sequence[str]:
        """What is kept of all who were erased.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...

    async def list_pending(self) -> Sequence[str]:
        """Recipients whom analytics has not erased yet.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...

    async def mark_done(self, recipient: str) -> None:
        """Forget the name of a recipient whom analytics has erased.

        Raises:
            StorageError: it was not done for sure; the same call again is safe.
        """
        ...
