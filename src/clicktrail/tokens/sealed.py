"""Sealed tokens: hold everything that a redirect needs, so that links work without any database.

The plaintext is a version byte and the MessagePack array
``[destination, message_id, recipient, campaign, position, links, sent_at, group, is_trap]``, with ``sent_at`` in
seconds since 1970. ``is_trap`` is left out if false, and an empty ``group`` if nothing follows it. Version 0 holds the
array as it is, version 1 compressed; the shorter one is used.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

import msgspec

from clicktrail.errors import TokenMalformedError
from clicktrail.tokens.compression import compress, decompress
from clicktrail.tokens.keys import KeyRing

_VERSION_PLAIN = b"\x00"
_VERSION_COMPRESSED = b"\x01"
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999, which a datetime can hold."""


# Created for each click; a dataclass takes ten times as long.
class SealedLink(msgspec.Struct, frozen=True, kw_only=True):
    """Content of a sealed token.

    Attributes:
        destination: an http or https URL.
        recipient: address or opaque id; empty if the message has several recipients.
        campaign: empty if none.
        position: position of the link among the tracked links of the message, from 0.
        link_count: number of tracked links in the message.
        sent_at: time of sealing, aware, whole seconds.
        group: reports count the links of a group as one; empty if none.
    """

    destination: str
    message_id: str
    recipient: str
    campaign: str
    position: int
    link_count: int
    sent_at: datetime
    group: str = ""
    is_trap: bool = False


class SealedPayload(msgspec.Struct, frozen=True, array_like=True):
    """Content of a sealed token as it is stored, with the fields of `SealedLink`.

    Attributes:
        recipient_unsealed: False; a link of the registry has it too.
    """

    recipient_unsealed: ClassVar[bool] = False
    destination: str
    message_id: str
    recipient: str
    campaign: str
    position: int
    link_count: int
    sent_at: Annotated[int, msgspec.Meta(ge=_FIRST_SECOND, le=_LAST_SECOND)]
    group: str = ""
    is_trap: bool = False


_encode_payload = msgspec.msgpack.Encoder().encode
_decode_payload = msgspec.msgpack.Decoder(SealedPayload).decode


def seal_token(ring: KeyRing, link: SealedLink) -> str:
    """Make a token: characters ``[A-Za-z0-9_-]`` only, the last one alphanumeric.

    The same link and key give the same token with the same version of zstandard.
    """
    sealer = LinkSealer(
        ring, message_id=link.message_id, recipient=link.recipient, campaign=link.campaign, sent_at=link.sent_at
    )
    return sealer.seal(link.destination, link.position, link.link_count, group=link.group, is_trap=link.is_trap)


class LinkSealer:
    """Seals the links of one message; see `SealedLink` for the parameters, and `seal_token`."""

    def __init__(self, ring: KeyRing, *, message_id: str, recipient: str, campaign: str, sent_at: datetime) -> None:
        self._encrypt = ring.encrypt
        self._message_fields = (message_id, recipient, campaign)
        self._sent_at_s = int(sent_at.timestamp())

    def seal(self, destination: str, position: int, link_count: int, *, group: str = "", is_trap: bool = False) -> str:
        """Make the token of a link."""
        fields: list[object] = [destination, *self._message_fields, position, link_count, self._sent_at_s]
        if is_trap:
            fields += [group, True]
        elif group:
            fields.append(group)
        payload = _encode_payload(fields)
        compressed = compress(payload)
        is_shorter = len(compressed) < len(payload)
        return self._encrypt(_VERSION_COMPRESSED + compressed if is_shorter else _VERSION_PLAIN + payload)


def open_token(ring: KeyRing, token: str) -> SealedLink:
    """Open a token.

    Raises:
        TokenMalformedError: not a sealed token.
        TokenForgedError: not sealed by a key of this ring.
    """
    payload = open_payload(ring, token)
    return SealedLink(
        destination=payload.destination,
        message_id=payload.message_id,
        recipient=payload.recipient,
        campaign=payload.campaign,
        position=payload.position,
        link_count=payload.link_count,
        sent_at=datetime.fromtimestamp(payload.sent_at, UTC),
        group=payload.group,
        is_trap=payload.is_trap,
    )


def open_payload(ring: KeyRing, token: str) -> SealedPayload:
    """Open a token for a redirect, which needs no time of sealing. Raises what `open_token` raises."""
    plaintext = ring.decrypt(token)
    version = plaintext[:1]
    try:
        if version == _VERSION_COMPRESSED:
            return _decode_payload(decompress(plaintext[1:]))
        if version == _VERSION_PLAIN:
            return _decode_payload(plaintext[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TokenMalformedError("sealed with a payload that this version cannot read") from error
    raise TokenMalformedError("sealed by a newer version of clicktrail")
