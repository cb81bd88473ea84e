"""Keys and key rings, and the encryption of tokens.

A token is an AES-SIV ciphertext (RFC 5297) as unpadded base64url (RFC 4648 section 5), followed by one character that
names format and key. AES-SIV needs no nonce: the same payload under the same key gives the same token.
"""

import binascii
import hashlib
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from clicktrail.errors import KeyRingError, TokenForgedError, TokenMalformedError

SECRET_BYTES = 32
"""Length of an AES-SIV key for AES-128: one half authenticates, one encrypts (RFC 5297 section 2.2)."""

MAX_KEYS = 20
"""Keys that the last character of a token can name."""

MAX_TOKEN_CHARS = 8_000
"""Longest token that is opened. No longer one is made."""


class TokenFormat(StrEnum):
    """Format of a token that is sealed by a key."""

    SEALED = "sealed"
    CAMPAIGN = "campaign"


_LAST_CHARACTER_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
_LAST_CHARACTERS_BY_FORMAT = {
    TokenFormat.SEALED: _LAST_CHARACTER_ALPHABET[:MAX_KEYS],
    TokenFormat.CAMPAIGN: _LAST_CHARACTER_ALPHABET[MAX_KEYS : 2 * MAX_KEYS],
}
"""Last characters of tokens, by format; the index is the key's number."""
_KEYS_BY_LAST_CHARACTER = {
    character: (token_format, number)
    for token_format, characters in _LAST_CHARACTERS_BY_FORMAT.items()
    for number, character in enumerate(characters)
}
_ASSOCIATED_DATA = {token_format: [f"clicktrail {token_format} token".encode()] for token_format in TokenFormat}
"""Authenticated with the ciphertext, so that a token of one format does not open as another."""
_BASE64_TO_BASE64URL = bytes.maketrans(b"+/", b"-_")
_BASE64URL_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/-_-")
"""Base64url to base64. Characters that only base64 has become invalid ones."""
_BASE64_PADDING = (b"", b"===", b"==", b"=")
"""Padding by the length of the text modulo 4."""
_NOT_BASE64URL = "not base64url, or not the canonical base64url of its bytes"
_FINAL_CHARACTERS = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""Last characters whose unused bits are zero, by the length of the text modulo 4: all others have another spelling."""


class KeyState(StrEnum):
    """What a key may be used for."""

    SEAL = "seal"
    OPEN = "open"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a ring.

    Attributes:
        number: 0 to 19, unique in its ring.
        secret: ``SECRET_BYTES`` random bytes.
        state: `SEAL` seals and opens, `OPEN` only opens, `REVOKED` does neither.
    """

    number: int
    secret: bytes = field(repr=False)
    state: KeyState = KeyState.SEAL

    def __post_init__(self) -> None:
        if not 0 <= self.number < MAX_KEYS:
            raise KeyRingError(f"key number {self.number} is not between 0 and {MAX_KEYS - 1}")
        if len(self.secret) != SECRET_BYTES:
            raise KeyRingError(f"key {self.number} has {len(self.secret)} bytes, not {SECRET_BYTES}")

    @property
    def fingerprint(self) -> str:
        """Recognises the key without revealing it."""
        return hashlib.sha256(self.secret).hexdigest()[:16]

    def last_character(self, token_format: TokenFormat) -> str:
        """Last character of tokens of this format sealed with this key."""
        return _LAST_CHARACTERS_BY_FORMAT[token_format][self.number]


class KeyRing:
    """Keys, newest first. The first key that may seal is used; every key that is not revoked opens.

    Raises:
        KeyRingError: no key may seal, or two keys have the same number.
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        if len({key.number for key in keys}) < len(keys):
            raise KeyRingError("two keys of the ring have the same number")
        self.keys = tuple(keys)
        sealing = next((key for key in self.keys if key.state is KeyState.SEAL), None)
        if sealing is None:
            raise KeyRingError("no key of the ring may seal")
        self.sealing_key = sealing
        self._sealing_cipher = AESSIV(sealing.secret)
        self._sealing_characters = {token_format: sealing.last_character(token_format) for token_format in TokenFormat}
        self._ciphers = {
            token_format: {
                key.last_character(token_format): AESSIV(key.secret)
                for key in self.keys
                if key.state is not KeyState.REVOKED
            }
            for token_format in TokenFormat
        }

    def encrypt(self, plaintext: bytes, token_format: TokenFormat = TokenFormat.SEALED) -> str:
        """Encrypt a payload into a token."""
        ciphertext = self._sealing_cipher.encrypt(plaintext, _ASSOCIATED_DATA[token_format])
        text = binascii.b2a_base64(ciphertext, newline=False).translate(_BASE64_TO_BASE64URL, b"=").decode()
        return text + self._sealing_characters[token_format]

    def decrypt(self, token: str, token_format: TokenFormat = TokenFormat.SEALED) -> bytes:
        """Decrypt a token into its payload.

        Raises:
            TokenMalformedError: not a token of this format, or not canonical base64url.
            TokenForgedError: not sealed by a key of this ring.
        """
        cipher = self._ciphers[token_format].get(token[-1:])
        if len(token) > MAX_TOKEN_CHARS or (cipher is None and not _names_key(token, token_format)):
            raise TokenMalformedError("not a token of a known format")
        ciphertext = _decode_base64url(token[:-1])
        if cipher is None:
            raise TokenForgedError("the key that this token names is not in the ring, or revoked")
        try:
            return cipher.decrypt(ciphertext, _ASSOCIATED_DATA[token_format])
        except (InvalidTag, ValueError) as error:
            raise TokenForgedError("no key of the ring sealed this token") from error


def identify_key(token: str) -> tuple[TokenFormat, int] | None:
    """Return format and key number of a token by its last character; None if it names no key."""
    return _KEYS_BY_LAST_CHARACTER.get(token[-1:])


def _names_key(token: str, token_format: TokenFormat) -> bool:
    identified = identify_key(token)
    return identified is not None and identified[0] is token_format


def _decode_base64url(text: str) -> bytes:
    unpaired = len(text) % 4
    try:
        padded = text.encode("ascii").translate(_BASE64URL_TO_BASE64) + _BASE64_PADDING[unpaired]
        data = binascii.a2b_base64(padded, strict_mode=True)
    except ValueError as error:
        raise TokenMalformedError(_NOT_BASE64URL) from error
    if unpaired and text[-1] not in _FINAL_CHARACTERS[unpaired]:
        raise TokenMalformedError(_NOT_BASE64URL)
    return data
