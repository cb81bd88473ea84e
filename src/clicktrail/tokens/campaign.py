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
from clicktrail.tokens.keys import KeyRing, TokenFormat

__all__ = ["MAX_LINKS", "SealedMessage", "build_token_suffixes", "open_campaign_token", "seal_token_prefix"]

_POSITION_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
MAX_LINKS = len(_POSITION_ALPHABET) ** 2
"""Positions are told by two characters."""

_SUFFIX_CHARS = 3
"""Characters after the sealed text: two for the position, one for format and key."""
_VERSION = b"\x00"
_TIME_BYTES = 4
_BASE_36_DIGITS = string.digits + string.ascii_lowercase
_SINGLE_BYTE_VARINTS = [bytes([value]) for value in range(0x80)]
_PACKABLE = re.compile(r"[0-9a-z]{0,64}")


class SealedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What all links of one message have in common.

    Attributes:
        link_set_id: the number of the set that has the destinations and the campaign.
        message_id: our id of the message.
        recipient: an opaque id, or an address; digits and small letters take the least room.
        sent_at: when it was sealed, aware, whole seconds, from 1970 to 2106.
    """

    link_set_id: int
    message_id: str
    recipient: str
    sent_at: datetime


def seal_token_prefix(ring: KeyRing, message: SealedMessage) -> str:
    """Make the beginning of the tokens of one message; one of ``build_token_suffixes``, of the same ring, goes behind it."""
    plaintext = b"".join(
        (
            _VERSION,
            int(message.sent_at.timestamp()).to_bytes(_TIME_BYTES),
            _encode_varint(message.link_set_id),
            _encode_text(message.message_id),
            _encode_text(message.recipient),
        )
    )
    return ring.encrypt(plaintext, TokenFormat.CAMPAIGN)[:-1]


def build_token_suffixes(ring: KeyRing, link_count: int) -> tuple[str, ...]:
    """The ends of a message's tokens, by position; ``link_count`` is at most ``MAX_LINKS``."""
    last = ring.sealing_key.last_character(TokenFormat.CAMPAIGN)
    return tuple(
        _POSITION_ALPHABET[position // len(_POSITION_ALPHABET)]
        + _POSITION_ALPHABET[position % len(_POSITION_ALPHABET)]
        + last
        for position in range(link_count)
    )


def open_campaign_token(ring: KeyRing, token: str) -> tuple[SealedMessage, int]:
    """Open a token; the second is the link's position, which nobody vouches for.

    Raises:
        TokenMalformedError: not of our shape.
        TokenForgedError: of our shape, but not sealed by a key of this ring.
    """
    high, low = (_POSITION_ALPHABET.find(character) for character in token[-_SUFFIX_CHARS:-1].rjust(2))
    plaintext = ring.decrypt(token[:-_SUFFIX_CHARS] + token[-1:], TokenFormat.CAMPAIGN)
    if min(high, low) < 0:
        raise TokenMalformedError("the position is not of a token's characters")
    if plaintext[:1] != _VERSION:
        raise TokenMalformedError("sealed by a newer version of clicktrail")
    try:
        return _decode_message(plaintext), high * len(_POSITION_ALPHABET) + low
    except (IndexError, UnicodeDecodeError) as error:
        raise TokenMalformedError("sealed with a payload that this version cannot read") from error


def _decode_message(plaintext: bytes) -> SealedMessage:
    at = len(_VERSION) + _TIME_BYTES
    sent_at = int.from_bytes(plaintext[len(_VERSION) : at])
    link_set, at = _decode_varint(plaintext, at)
    message_id, at = _decode_text(plaintext, at)
    recipient, at = _decode_text(plaintext, at)
    return SealedMessage(
        link_set_id=link_set, message_id=message_id, recipient=recipient, sent_at=datetime.fromtimestamp(sent_at, UTC)
    )


def _encode_varint(value: int) -> bytes:
    return (
        _SINGLE_BYTE_VARINTS[value]
        if value < len(_SINGLE_BYTE_VARINTS)
        else bytes([value & 0x7F | 0x80]) + _encode_varint(value >> 7)
    )


def _decode_varint(data: bytes, offset: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while data[offset] & 0x80:
        value |= (data[offset] & 0x7F) << shift
        shift, offset = shift + 7, offset + 1
    return value | data[offset] << shift, offset + 1


def _encode_text(text: str) -> bytes:
    if _PACKABLE.fullmatch(text):
        number = int("1" + text, 36)
        data = number.to_bytes((number.bit_length() + 7) // 8)
        return _encode_varint(2 * len(data) + 1) + data
    data = text.encode()
    return _encode_varint(2 * len(data)) + data


def _decode_text(data: bytes, offset: int) -> tuple[str, int]:
    """A text, and where it ends.

    Raises:
        IndexError: the data ends before it.
    """
    length, offset = _decode_varint(data, offset)
    end = offset + length // 2
    if end > len(data):
        raise IndexError(end)
    if not length % 2:
        return data[offset:end].decode(), end
    number, text = int.from_bytes(data[offset:end]), ""
    while number:
        number, digit = divmod(number, len(_BASE_36_DIGITS))
        text = _BASE_36_DIGITS[digit] + text
    return text[1:], end
