"""Look up links whose tokens do not hold their destination: campaign tokens and short tokens.

A campaign token can be followed by a recipient id: ``/<campaign token>/<id>``. This form comes from templates in an
ESP's editor: one token for all recipients, and the ESP inserts each recipient's id. The id is not sealed.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from clicktrail.errors import TokenForgedError, TokenMalformedError
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.percent_encoding import unquote
from clicktrail.server.ports import LinkSetReader, ShortLinkReader
from clicktrail.tokens import Damage, KeyRing, TokenFormat, decode_short_token, identify_key, open_campaign_token

CACHE_SIZE = 4_096
"""Link sets and short messages in memory. They never change, so cached ones work without the registry."""

_MISS_CACHE_SIZE = 16_384
_MISS_LIFETIME = timedelta(seconds=2)
"""How long a link that does not exist is not looked up again. It may be created meanwhile."""

_MIN_CAMPAIGN_TOKEN_CHARS = 38
"""16 bytes of AES-SIV and 10 of the smallest payload in base64url, plus 3 characters. Shorter paths such as /admin are
not tokens, although half of all words end like a campaign token."""

_TOKEN_PREFIX = re.compile(rf"[A-Za-z0-9_-]{{{_MIN_CAMPAIGN_TOKEN_CHARS - 1}}}")
_RECIPIENT_ID = re.compile(r"[A-Za-z0-9._~-]{0,63}[A-Za-z0-9_-]")
"""Without a full stop at the end, which belongs to the sentence around the link."""
_EMPTY_VALUES = frozenset({"nan", "nil", "none", "null", "undefined"})
"""What template languages insert for a recipient without an id, in lower case."""


class ReferenceKind(StrEnum):
    """What the registry stores the link with."""

    LINK_SET = "link set"
    SHORT_MESSAGE = "short message"


class LinkReference(msgspec.Struct, frozen=True, kw_only=True):
    """A link in the registry, as the path of a tracking URL refers to it.

    Attributes:
        number: id of the link set, or code of the short message.
        position: position of the link, from 0.
        message_id: our id of the message; empty if the path does not hold it.
        recipient: address or opaque id; empty if the path does not hold it.
        sent_at: when the token was sealed, aware; None if the path does not hold it.
        recipient_unsealed: the recipient is not sealed, so anyone could have written it.
    """

    kind: ReferenceKind
    number: int
    position: int
    message_id: str = ""
    recipient: str = ""
    sent_at: datetime | None = None
    recipient_unsealed: bool = False


class ResolvedLinks(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry stores for a reference.

    Attributes:
        campaign: empty if none.
        message_id: empty for a link set.
        recipient: empty for a link set, or if the message has no single recipient.
    """

    campaign: str
    message_id: str = ""
    recipient: str = ""
    links: Mapping[int, StoredLink]


class RegisteredLink(msgspec.Struct, frozen=True, kw_only=True):
    """The link of a reference, with the fields of `SealedPayload` that a click records.

    Attributes:
        damage: a `Damage` that the reference shows; empty if none.
    """

    damage: str = ""
    destination: str
    message_id: str
    recipient: str
    campaign: str
    position: int
    group: str
    is_trap: bool
    recipient_unsealed: bool


def find_registered_link(reference: LinkReference, resolved: ResolvedLinks | None) -> RegisteredLink | None:
    """Return the link that a reference refers to; None if it is not among what the registry stores."""
    link = resolved.links.get(reference.position) if resolved else None
    if resolved is None or link is None:
        return None
    has_no_id = reference.kind is ReferenceKind.LINK_SET and not reference.message_id and not reference.recipient
    return RegisteredLink(
        damage=Damage.NO_RECIPIENT_ID if has_no_id else "",
        destination=link.destination,
        # Clicks of unknown readers count as those of one message; ids of our own have no slash.
        message_id=f"{reference.number}/" if has_no_id else reference.message_id or resolved.message_id,
        recipient=reference.recipient or resolved.recipient,
        campaign=resolved.campaign,
        position=reference.position,
        group=link.group,
        is_trap=link.is_trap,
        recipient_unsealed=reference.recipient_unsealed,
    )


def parse_reference(ring: KeyRing, path: str) -> LinkReference:
    """Parse a path without its leading slash: a campaign or short token, and a recipient id that may follow it.

    Raises:
        TokenMalformedError: not a campaign or short token.
        TokenForgedError: no key of the ring sealed the token, or it must not be followed by this recipient id.
    """
    token, slash, suffix = path.partition("/")
    identified = identify_key(token)
    if identified is None:
        code, position = decode_short_token(path)  # the whole path: nothing may follow a short token
        return LinkReference(kind=ReferenceKind.SHORT_MESSAGE, number=code, position=position)
    if identified[0] is not TokenFormat.CAMPAIGN or len(token) < _MIN_CAMPAIGN_TOKEN_CHARS:
        raise TokenMalformedError("not a token of a known format")
    sealed, position = open_campaign_token(ring, token)
    reference = LinkReference(
        kind=ReferenceKind.LINK_SET,
        number=sealed.link_set_id,
        position=position,
        message_id=sealed.message_id,
        recipient=sealed.recipient,
        sent_at=sealed.sent_at,
    )
    if slash and (suffix or sealed.message_id or sealed.recipient):
        return _add_recipient_id(reference, unquote(suffix))
    return reference


def is_token_like(path: str) -> bool:
    """Whether an unreadable path may be a damaged sealed or campaign token, with at most one character missing.

    Paths that browsers and crawlers request on every host, such as /favicon.ico, have shorter runs of token characters.
    Damaged short tokens are not recognised, because they look like words.
    """
    return _TOKEN_PREFIX.match(path) is not None


def is_recipient_id(text: str) -> bool:
    """Whether a text can be the id that an ESP inserted into a template's link."""
    return _RECIPIENT_ID.fullmatch(text) is not None and text.lower() not in _EMPTY_VALUES


def _add_recipient_id(reference: LinkReference, recipient: str) -> LinkReference:
    if reference.message_id or reference.recipient or not is_recipient_id(recipient):
        raise TokenForgedError("this token must not be followed by a recipient id")
    return msgspec.structs.replace(
        reference,
        message_id=f"{reference.number}/{recipient}",
        recipient=recipient,
        recipient_unsealed=True,
    )


class LinkResolver:
    """Resolves references through an LRU cache and the registry.

    References that the registry does not have are remembered for a short time, apart from the others, so that they
    displace none.
    """

    def __init__(self, *, link_sets: LinkSetReader, short_links: ShortLinkReader, cache_size: int = CACHE_SIZE) -> None:
        self._link_sets = link_sets
        self._short_links = short_links
        self._cache_size = cache_size
        self._cache: OrderedDict[tuple[ReferenceKind, int], ResolvedLinks] = OrderedDict()
        self._misses: OrderedDict[tuple[ReferenceKind, int], datetime] = OrderedDict()  # values: when they expire

    def get_cached(self, reference: LinkReference) -> ResolvedLinks | None:
        """Return the links from the cache; None if they are not cached."""
        key = reference.kind, reference.number
        resolved = self._cache.get(key)
        if resolved is not None:
            self._cache.move_to_end(key)
        return resolved

    def is_missing(self, reference: LinkReference, *, now: datetime) -> bool:
        """Whether the registry did not have the links a moment ago."""
        expires_at = self._misses.get((reference.kind, reference.number))
        return expires_at is not None and now < expires_at

    async def resolve(self, reference: LinkReference, *, now: datetime) -> ResolvedLinks | None:
        """Return the links from the registry, and cache them; None if the registry does not have them.

        Raises:
            StorageError: the registry is unavailable.
        """
        resolved = await self._fetch(reference)
        key = reference.kind, reference.number
        if resolved is not None:
            self._cache[key] = resolved
            if len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        else:
            self._misses[key] = now + _MISS_LIFETIME
            self._misses.move_to_end(key)
            if len(self._misses) > _MISS_CACHE_SIZE:
                self._misses.popitem(last=False)
        return resolved

    async def _fetch(self, reference: LinkReference) -> ResolvedLinks | None:
        match reference.kind:
            case ReferenceKind.LINK_SET:
                link_set = await self._link_sets.find(reference.number)
                return _resolve_link_set(link_set) if link_set else None
            case ReferenceKind.SHORT_MESSAGE:
                message = await self._short_links.find(reference.number)
                return _resolve_short_message(message) if message else None


def _resolve_link_set(link_set: LinkSet) -> ResolvedLinks:
    return ResolvedLinks(campaign=link_set.campaign, links=_index_by_position(link_set))


def _resolve_short_message(message: ShortLinkMessage) -> ResolvedLinks:
    return ResolvedLinks(
        campaign=message.campaign,
        message_id=message.message_id,
        recipient=message.recipient,
        links=_index_by_position(message),
    )


def _index_by_position(stored: LinkSet | ShortLinkMessage) -> dict[int, StoredLink]:
    return {link.position: link for link in stored.links}
