"""Look links up in the registry, and remember those that were asked for last."""

from collections import OrderedDict
from collections.abc import Mapping

import msgspec

from clicktrail.model.stored import LinkSet, ShortMessage, StoredLink
from clicktrail.server.pipeline.reference import Origin, Reference
from clicktrail.server.ports import LinkSets, ShortLinks

__all__ = ["REMEMBERED", "Stored", "StoredLinks"]

REMEMBERED = 4_096
"""Link sets and short messages. None ever changes, so what is remembered is right, and serves without the registry."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry has beside a reference.

    Attributes:
        campaign: empty if none.
        message_id: empty where the reference tells.
        recipient: empty where the reference tells, or nobody is named.
        links: by position.
    """

    campaign: str
    message_id: str = ""
    recipient: str = ""
    links: Mapping[int, StoredLink]


class StoredLinks:
    """The registry's links, as far as the edge needs them."""

    def __init__(self, *, link_sets: LinkSets, short_links: ShortLinks, remembered: int = REMEMBERED) -> None:
        self._link_sets = link_sets
        self._short_links = short_links
        self._size = remembered
        self._remembered: OrderedDict[tuple[Origin, int], Stored] = OrderedDict()

    def remembered(self, reference: Reference) -> Stored | None:
        """What a reference refers to, if it was asked for lately."""
        key = reference.origin, reference.number
        found = self._remembered.get(key)
        if found is not None:
            self._remembered.move_to_end(key)
        return found

    async def find(self, reference: Reference) -> Stored | None:
        """What a reference refers to, by the registry's word; None if to nothing.

        Raises:
            StorageError: nobody can tell just now.
        """
        found = await self._ask(reference)
        if found is not None:
            self._remembered[reference.origin, reference.number] = found
            if len(self._remembered) > self._size:
                self._remembered.popitem(last=False)
        return found

    async def _ask(self, reference: Reference) -> Stored | None:
        match reference.origin:
            case Origin.LINK_SET:
                link_set = await self._link_sets.find(reference.number)
                return None if link_set is None else Stored(campaign=link_set.campaign, links=_by_position(link_set))
            case Origin.SHORT_MESSAGE:
                message = await self._short_links.find(reference.number)
                return None if message is None else _of_message(message)


def _of_message(message: ShortMessage) -> Stored:
    return Stored(
        campaign=message.campaign,
        message_id=message.message_id,
        recipient=message.recipient,
        links=_by_position(message),
    )


def _by_position(stored: LinkSet | ShortMessage) -> dict[int, StoredLink]:
    return {link.position: link for link in stored.links}
