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
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.server.ports import LinkSets, ShortLinks
from clicktrail.tokens import KeyRing, TokenFormat, decode_short_token, identify_key, open_campaign_token

__all__ = [
    "CACHE_SIZE",
    "LinkReference",
    "LinkResolver",
    "ReferenceKind",
    "ResolvedLinks",
    "is_token_like",
    "parse_reference",
]

_MIN_CAMPAIGN_TOKEN_CHARS = 38
"""Characters: 16 bytes of AES-SIV's own and 10 of a payload that names nobody, in base64url, and three behind them.
Half of all words end like a campaign token, such as /admin, and none of those paths is for us."""
_TOKEN_PREFIX = re.compile(rf"[A-Za-z0-9_-]{{{_MIN_CAMPAIGN_TOKEN_CHARS - 1}}}")
_RECIPIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")


class ReferenceKind(StrEnum):
    """What the registry has a link of."""

    LINK_SET = "link set"
    SHORT_MESSAGE = "short message"


class LinkReference(msgspec.Struct, frozen=True, kw_only=True):
    """What the path of a tracking URL tells of its link.

    Attributes:
        kind: where the destination is kept.
        number: of the link set, or the short message's code.
        position: the link's number there, from 0.
        message_id: our id of the message; empty where the path does not tell.
        recipient: empty where the path does not tell.
        sent_at: when it was sealed, aware; None where the path does not tell.
        recipient_unsealed: anybody could have written who the recipient is.
    """

    kind: ReferenceKind
    number: int
    position: int
    message_id: str = ""
    recipient: str = ""
    sent_at: datetime | None = None
    recipient_unsealed: bool = False


def parse_reference(ring: KeyRing, path: str) -> LinkReference:
    """Read a path, without the slash that it begins with.

    Raises:
        TokenMalformedError: not of the shape of one of ours.
        TokenForgedError: of our shape, but no key of the ring sealed it, or what follows it does not belong there.
    """
    token, _, text = path.partition("/")
    named = identify_key(token)
    if named is None:
        code, position = decode_short_token(path)
        return LinkReference(kind=ReferenceKind.SHORT_MESSAGE, number=code, position=position)
    if named[0] is not TokenFormat.CAMPAIGN or len(token) < _MIN_CAMPAIGN_TOKEN_CHARS:
        raise TokenMalformedError("not a token of a known format")
    sealed, position = open_campaign_token(ring, token)
    link = LinkReference(
        kind=ReferenceKind.LINK_SET,
        number=sealed.link_set_id,
        position=position,
        message_id=sealed.message_id,
        recipient=sealed.recipient,
        sent_at=sealed.sent_at,
    )
    return _add_recipient_id(link, unquote(text)) if text else link


def is_token_like(path: str) -> bool:
    """Whether a path that cannot be read may be a damaged token of ours, of which a character got lost at most.

    What is asked for on every host, such as /favicon.ico, has fewer characters in a row that tokens have. The rest of a
    short token looks like a word.
    """
    return _TOKEN_PREFIX.match(path) is not None


def _add_recipient_id(link: LinkReference, recipient: str) -> LinkReference:
    """A template's link, with the id that the ESP wrote behind it. A message's own link takes none."""
    if link.message_id or link.recipient or not _RECIPIENT_ID.fullmatch(recipient):
        raise TokenForgedError("nothing of that kind belongs behind this token")
    return msgspec.structs.replace(
        link,
        message_id=f"{link.number}/{recipient}",  # ids of ours have no slash
        recipient=recipient,
        recipient_unsealed=True,
    )


# FOLDED stored.py: Look links up in the registry, and remember those that were asked for last.

CACHE_SIZE = 4_096
"""Link sets and short messages. None ever changes, so what is remembered is right, and serves without the registry."""


class ResolvedLinks(msgspec.Struct, frozen=True, kw_only=True):
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


class LinkResolver:
    """The registry's links, as far as the edge needs them."""

    def __init__(self, *, link_sets: LinkSets, short_links: ShortLinks, cache_size: int = CACHE_SIZE) -> None:
        self._link_sets = link_sets
        self._short_links = short_links
        self._size = cache_size
        self._cache: OrderedDict[tuple[ReferenceKind, int], ResolvedLinks] = OrderedDict()

    def get_cached(self, reference: LinkReference) -> ResolvedLinks | None:
        """What a reference refers to, if it was asked for lately."""
        key = reference.kind, reference.number
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
        return found

    async def resolve(self, reference: LinkReference) -> ResolvedLinks | None:
        """What a reference refers to, by the registry's word; None if to nothing.

        Raises:
            StorageError: nobody can tell just now.
        """
        found = await self._fetch(reference)
        if found is not None:
            self._cache[reference.kind, reference.number] = found
            if len(self._cache) > self._size:
                self._cache.popitem(last=False)
        return found

    async def _fetch(self, reference: LinkReference) -> ResolvedLinks | None:
        match reference.kind:
            case ReferenceKind.LINK_SET:
                link_set = await self._link_sets.find(reference.number)
                return (
                    None
                    if link_set is None
                    else ResolvedLinks(campaign=link_set.campaign, links=_index_by_position(link_set))
                )
            case ReferenceKind.SHORT_MESSAGE:
                message = await self._short_links.find(reference.number)
                return None if message is None else _resolve_short_message(message)


def _resolve_short_message(message: ShortLinkMessage) -> ResolvedLinks:
    return ResolvedLinks(
        campaign=message.campaign,
        message_id=message.message_id,
        recipient=message.recipient,
        links=_index_by_position(message),
    )


def _index_by_position(stored: LinkSet | ShortLinkMessage) -> dict[int, StoredLink]:
    return {link.position: link for link in stored.links}
