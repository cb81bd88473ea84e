"""Read the paths of tracking URLs that do not hold their destination: campaign and short tokens.

``/<campaign token>/<id>`` comes from a template in an ESP's editor: one token for all recipients, in which nobody is
named, and behind it what the ESP wrote there, which nothing seals.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from urllib.parse import unquote

import msgspec

from clicktrail.errors import TokenForgedError, TokenMalformedError
from clicktrail.model.link_set import LinkSet, ShortMessage, StoredLink
from clicktrail.server.ports import LinkSets, ShortLinks
from clicktrail.tokens import Format, KeyRing, key_named_by, open_campaign, read_short

__all__ = ["REMEMBERED", "Origin", "Reference", "Stored", "StoredLinks", "begins_like_ours", "read_reference"]

_SHORTEST_CAMPAIGN = 38
"""Characters: 16 bytes of AES-SIV's own and 10 of a payload that names nobody, in base64url, and three behind them.
Half of all words end like a campaign token, such as /admin, and none of those paths is for us."""
_OURS = re.compile(rf"[A-Za-z0-9_-]{{{_SHORTEST_CAMPAIGN - 1}}}")
_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")


class Origin(StrEnum):
    """What the registry has a link of."""

    LINK_SET = "link set"
    SHORT_MESSAGE = "short message"


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What the path of a tracking URL tells of its link.

    Attributes:
        origin: where the destination is kept.
        number: of the link set, or the short message's code.
        position: the link's number there, from 0.
        message_id: our id of the message; empty where the path does not tell.
        recipient: empty where the path does not tell.
        sent_at: when it was sealed, aware; None where the path does not tell.
        recipient_unsealed: anybody could have written who the recipient is.
    """

    origin: Origin
    number: int
    position: int
    message_id: str = ""
    recipient: str = ""
    sent_at: datetime | None = None
    recipient_unsealed: bool = False


def read_reference(ring: KeyRing, path: str) -> Reference:
    """Read a path, without the slash that it begins with.

    Raises:
        TokenMalformedError: not of the shape of one of ours.
        TokenForgedError: of our shape, but no key of the ring sealed it, or what follows it does not belong there.
    """
    token, _, text = path.partition("/")
    named = key_named_by(token)
    if named is None:
        code, position = read_short(path)
        return Reference(origin=Origin.SHORT_MESSAGE, number=code, position=position)
    if named[0] is not Format.CAMPAIGN or len(token) < _SHORTEST_CAMPAIGN:
        raise TokenMalformedError("not a token of a known format")
    sealed, position = open_campaign(ring, token)
    link = Reference(
        origin=Origin.LINK_SET,
        number=sealed.link_set,
        position=position,
        message_id=sealed.message_id,
        recipient=sealed.recipient,
        sent_at=sealed.sent_at,
    )
    return _completed(link, unquote(text)) if text else link


def begins_like_ours(path: str) -> bool:
    """Whether a path that cannot be read may be a damaged token of ours, of which a character got lost at most.

    What is asked for on every host, such as /favicon.ico, has fewer characters in a row that tokens have. The rest of a
    short token looks like a word.
    """
    return _OURS.match(path) is not None


def _completed(link: Reference, recipient: str) -> Reference:
    """A template's link, with the id that the ESP wrote behind it. A message's own link takes none."""
    if link.message_id or link.recipient or not _ID.fullmatch(recipient):
        raise TokenForgedError("nothing of that kind belongs behind this token")
    return msgspec.structs.replace(
        link,
        message_id=f"{link.number}/{recipient}",  # ids of ours have no slash
        recipient=recipient,
        recipient_unsealed=True,
    )


# FOLDED stored.py: Look links up in the registry, and remember those that were asked for last.

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
