"""Store and look up links whose tokens do not hold their destination, and edits of sent links."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from clicktrail.model.edit import LinkEdit
from clicktrail.model.link_set import LinkSet, ShortLinkMessage


class LinkSetReader(Protocol):
    """Link sets of campaigns; a campaign token holds the id of its link set."""

    async def find(self, link_set_id: int) -> LinkSet | None:
        """Return a link set; None if there is none with this id.

        Raises:
            StorageError: the registry is unavailable.
        """


class LinkSets(LinkSetReader, Protocol):
    """Link sets that can be added to."""

    async def find_newest(self, campaign: str) -> LinkSet | None:
        """Return the link set of a campaign that was stored last; None if there is none.

        Raises:
            StorageError: the registry is unavailable.
        """

    async def add(self, link_set: LinkSet) -> int:
        """Store a link set durably and return its id. Ids are never reused.

        Raises:
            StorageError: the link set may or may not have been stored, under an unknown id.
        """


class ShortLinkReader(Protocol):
    """Destinations of short tokens, by message."""

    async def find(self, code: int) -> ShortLinkMessage | None:
        """Return the message with a code; None if there is none.

        Raises:
            StorageError: the registry is unavailable.
        """


class ShortLinks(ShortLinkReader, Protocol):
    """Short links that can be added to, and expire."""

    async def add(self, message: ShortLinkMessage) -> None:
        """Store a message's short links durably.

        Raises:
            StorageError: the links may not have been stored, or the code is taken. Retry with another code.
        """

    async def delete(self, *, created_before: datetime, limit: int) -> int:
        """Delete up to ``limit`` messages created before a time, the oldest first; return the number deleted.

        Raises:
            StorageError: some may be left; it is safe to repeat the call.
        """


class LinkEdits(Protocol):
    """Changes to links after they were sent."""

    async def add(self, edit: LinkEdit) -> None:
        """Store an edit durably.

        Raises:
            StorageError: the edit may not have been stored; it is safe to repeat the call.
        """

    async def list_all(self) -> Sequence[LinkEdit]:
        """Return all edits in chronological order.

        Raises:
            StorageError: the registry is unavailable.
        """
