"""Campaign tokens: one encryption for all links of a message; a link set in the registry has the destinations.

A token is the sealed text, two characters for the link's position, and one that names format and key. The position is
not authenticated: changing it leads to another link of the same link set.

Layout of the plaintext:

- version, one byte, 0
- time in seconds since 1970, four bytes, big-endian
- link set id, a varint (LEB128: seven bits a byte, lowest first, highest bit set if another byte follows)
- message id and recipient, each a varint ``2 * length + packed`` and ``length`` bytes. Not packed: UTF-8. Packed, for
  up to 64 characters of ``0-9a-z``: the base-36 number ``"1" + text``, big-endian.
"""

import re
import string
from datetime import UTC, datetime

import msgspec

from clicktrail.errors import TokenMalformedError
from clicktrail.tokens.keys import KeyRing, TokenFormat

_POSITION_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
MAX_LINKS = len(_POSITION_ALPHABET) ** 2
"""Links that two characters can number."""

_SUFFIX_CHARS = 3
"""Characters after the sealed text: two for the position, one for format and key."""
_VERSION = b"\x00"
_TIME_BYTES = 4
_POSITION_DIGITS = {digit: value for value, digit in enumerate(_POSITION_ALPHABET)}
_BASE_36_DIGITS = string.digits + string.ascii_lowercase
_BASE_36_PAIRS = [high + low for high in _BASE_36_DIGITS for low in _BASE_36_DIGITS]
"""Decoding two digits at a time takes half of the time."""
_SINGLE_BYTE_VARINTS = [bytes([value]) for value in range(0x80)]
_PACKABLE_TEXT = re.compile(r"[0-9a-z]{0,64}")


class SealedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Data that all links of one message share.

    Attributes:
        link_set_id: id of the link set with destinations and campaign.
        recipient: opaque id or address; digits and lower-case letters take the least space.
        sent_at: time of sealing, aware, whole seconds, 1970 to 2106.
    """

    link_set_id: int
    message_id: str
    recipient: str
    sent_at: datetime


def seal_token_prefix(ring: KeyRing, message: SealedMessage) -> str:
    """Seal a message. Returns the prefix of its tokens; `build_token_suffixes` of the same ring returns the rest."""
    plaintext = b"".join(
        (
            _VERSION,
            int(message.sent_at.timestamp()).to_bytes(_TIME_BYTES),
            _encode_varint(message.link_set_id),
            _encode_text(message.message_id),
            _encode_text(message.recipient),
        )
    )
    sealed = ring.encrypt(plaintext, TokenFormat.CAMPAIGN)
    return sealed[:-1]  # the last character names format and key, and is part of the suffix


def build_token_suffixes(ring: KeyRing, link_count: int) -> tuple[str, ...]:
    """Build the suffixes of a message's tokens, by position, for at most `MAX_LINKS` links."""
    key_character = ring.sealing_key.last_character(TokenFormat.CAMPAIGN)
    return tuple(
        _POSITION_ALPHABET[position // len(_POSITION_ALPHABET)]
        + _POSITION_ALPHABET[position % len(_POSITION_ALPHABET)]
        + key_character
        for position in range(link_count)
    )


def open_campaign_token(ring: KeyRing, token: str) -> tuple[SealedMessage, int]:
    """Open a token. Returns the message and the link's position, which is not authenticated.

    Raises:
        TokenMalformedError: not a campaign token.
        TokenForgedError: not sealed by a key of this ring.
    """
    high, low = _POSITION_DIGITS.get(token[-3:-2]), _POSITION_DIGITS.get(token[-2:-1])
    plaintext = ring.decrypt(token[:-_SUFFIX_CHARS] + token[-1:], TokenFormat.CAMPAIGN)
    if high is None or low is None:
        raise TokenMalformedError("the position has characters that no token has")
    if plaintext[:1] != _VERSION:
        raise TokenMalformedError("sealed by a newer version of clicktrail")
    try:
        return _decode_message(plaintext), high * len(_POSITION_ALPHABET) + low
    except (IndexError, UnicodeDecodeError) as error:
        raise TokenMalformedError("sealed with a payload that this version cannot read") from error


def _decode_message(plaintext: bytes) -> SealedMessage:
    offset = len(_VERSION) + _TIME_BYTES
    timestamp = int.from_bytes(plaintext[len(_VERSION) : offset])
    link_set_id, offset = _decode_varint(plaintext, offset)
    message_id, offset = _decode_text(plaintext, offset)
    recipient, offset = _decode_text(plaintext, offset)
    return SealedMessage(
        link_set_id=link_set_id,
        message_id=message_id,
        recipient=recipient,
        sent_at=datetime.fromtimestamp(timestamp, UTC),
    )


def _encode_varint(value: int) -> bytes:
    return (
        _SINGLE_BYTE_VARINTS[value]
        if value < len(_SINGLE_BYTE_VARINTS)
        else bytes([value & 0x7F | 0x80]) + _encode_varint(value >> 7)
    )


def _decode_varint(data: bytes, offset: int) -> tuple[int, int]:
    """Decode a varint. Returns the number and the offset of its end."""
    value = shift = 0
    while data[offset] & 0x80:
        value |= (data[offset] & 0x7F) << shift
        shift, offset = shift + 7, offset + 1
    return value | data[offset] << shift, offset + 1


def _encode_text(text: str) -> bytes:
    """Encode length and text. For packing, a leading ``1`` preserves leading zeros."""
    if _PACKABLE_TEXT.fullmatch(text):
        number = int("1" + text, 36)
        data = number.to_bytes((number.bit_length() + 7) // 8)
        return _encode_varint(2 * len(data) + 1) + data
    data = text.encode()
    return _encode_varint(2 * len(data)) + data


def _decode_text(data: bytes, offset: int) -> tuple[str, int]:
    """Decode a text. Returns the text and the offset of its end.

    Raises:
        IndexError: the data is too short.
    """
    header, offset = _decode_varint(data, offset)
    length, is_packed = divmod(header, 2)
    end = offset + length
    if end > len(data):
        raise IndexError(end)
    if not is_packed:
        return data[offset:end].decode(), end
    number = int.from_bytes(data[offset:end])
    text = ""
    while number:
        number, pair = divmod(number, len(_BASE_36_PAIRS))
        text = _BASE_36_PAIRS[pair] + text
    # Without the leading 1, which keeps zeros at the start of the text, and without the other half of its pair.
    return text[2 if text.startswith("0") else 1 :], end
