"""The campaign format: one encryption for all links of a message; the destinations stand in a link set.

A token is the sealed text, then two characters for the link's position, then the character that names format and key.
The position is outside of the seal, so whoever changes it gets another link of the same set, and nothing else.

The plaintext is one byte, the payload's version 0; the time in seconds since 1970, four bytes, big-endian; the number
of the link set; message id and recipient. Numbers are written in base 128, the lowest seven bits first, the highest
bit of a byte telling that another follows. A text is the number ``2 * length + packed`` and as many bytes: UTF-8, or
where it is packed, as up to 64 of ``0-9a-z`` are, the number that ``1`` and the text are in base 36, big-endian.
"""

import re
import string
from datetime import UTC, datetime

import msgspec

from clicktrail.errors import TokenMalformedError
from clicktrail.tokens.keys import Format, KeyRing

__all__ = ["MAX_LINKS", "SealedCampaign", "ends", "open_campaign", "seal_campaign"]

_POSITIONS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
MAX_LINKS = len(_POSITIONS) ** 2
"""Positions are told by two characters."""

_END = 3
"""Characters after the sealed text: two for the position, one for format and key."""
_VERSION = b"\x00"
_TIME_BYTES = 4
_BASE_36 = string.digits + string.ascii_lowercase
_ONE_BYTE = [bytes([value]) for value in range(0x80)]
_PACKABLE = re.compile(r"[0-9a-z]{0,64}")


class SealedCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """What all links of one message have in common.

    Attributes:
        link_set: the number of the set that has the destinations and the campaign.
        message_id: our id of the message.
        recipient: an opaque id, or an address; digits and small letters take the least room.
        sent_at: when it was sealed, aware, whole seconds, from 1970 to 2106.
    """

    link_set: int
    message_id: str
    recipient: str
    sent_at: datetime


def seal_campaign(ring: KeyRing, sealed: SealedCampaign) -> str:
    """Make the beginning of the tokens of one message; one of ``ends``, of the same ring, goes behind it."""
    plaintext = b"".join(
        (
            _VERSION,
            int(sealed.sent_at.timestamp()).to_bytes(_TIME_BYTES),
            _number(sealed.link_set),
            _text(sealed.message_id),
            _text(sealed.recipient),
        )
    )
    return ring.encrypt(plaintext, Format.CAMPAIGN)[:-1]


def ends(ring: KeyRing, links: int) -> tuple[str, ...]:
    """The ends of a message's tokens, by position; ``links`` is at most ``MAX_LINKS``."""
    last = ring.sealing.last_character(Format.CAMPAIGN)
    return tuple(
        _POSITIONS[position // len(_POSITIONS)] + _POSITIONS[position % len(_POSITIONS)] + last
        for position in range(links)
    )


def open_campaign(ring: KeyRing, token: str) -> tuple[SealedCampaign, int]:
    """Open a token; the second is the link's position, which nobody vouches for.

    Raises:
        TokenMalformedError: not of our shape.
        TokenForgedError: of our shape, but not sealed by a key of this ring.
    """
    high, low = (_POSITIONS.find(character) for character in token[-_END:-1].rjust(2))
    plaintext = ring.decrypt(token[:-_END] + token[-1:], Format.CAMPAIGN)
    if min(high, low) < 0:
        raise TokenMalformedError("the position is not of a token's characters")
    if plaintext[:1] != _VERSION:
        raise TokenMalformedError("sealed by a newer version of clicktrail")
    try:
        return _sealed(plaintext), high * len(_POSITIONS) + low
    except (IndexError, UnicodeDecodeError) as error:
        raise TokenMalformedError("sealed with a payload that this version cannot read") from error


def _sealed(plaintext: bytes) -> SealedCampaign:
    at = len(_VERSION) + _TIME_BYTES
    sent_at = int.from_bytes(plaintext[len(_VERSION) : at])
    link_set, at = _read_number(plaintext, at)
    message_id, at = _read_text(plaintext, at)
    recipient, at = _read_text(plaintext, at)
    return SealedCampaign(
        link_set=link_set, message_id=message_id, recipient=recipient, sent_at=datetime.fromtimestamp(sent_at, UTC)
    )


def _number(value: int) -> bytes:
    return _ONE_BYTE[value] if value < len(_ONE_BYTE) else bytes([value & 0x7F | 0x80]) + _number(value >> 7)


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | data[at] << shift, at + 1


def _text(text: str) -> bytes:
    if _PACKABLE.fullmatch(text):
        number = int("1" + text, 36)
        data = number.to_bytes((number.bit_length() + 7) // 8)
        return _number(2 * len(data) + 1) + data
    data = text.encode()
    return _number(2 * len(data)) + data


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    """A text, and where it ends.

    Raises:
        IndexError: the data ends before it.
    """
    length, at = _read_number(data, at)
    end = at + length // 2
    if end > len(data):
        raise IndexError(end)
    if not length % 2:
        return data[at:end].decode(), end
    number, text = int.from_bytes(data[at:end]), ""
    while number:
        number, digit = divmod(number, len(_BASE_36))
        text = _BASE_36[digit] + text
    return text[1:], end
