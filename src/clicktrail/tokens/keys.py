"""The keys that seal tokens, and the text that a sealed token is.

All but the last character of a token is the base64url text (RFC 4648 section 5, unpadded) of an AES-SIV ciphertext
(RFC 5297). AES-SIV needs no nonce: the same content under the same key is the same token.
"""

import binascii
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from clicktrail.errors import KeyRingError, TokenForgedError, TokenMalformedError

__all__ = ["MAX_KEYS", "MAX_TOKEN_CHARS", "SECRET_BYTES", "Key", "KeyRing", "KeyState", "TokenFormat", "identify_key"]

SECRET_BYTES = 32
"""An AES-SIV key for AES-128: two halves, one to authenticate and one to encrypt (RFC 5297 section 2.2)."""

MAX_KEYS = 20
"""How many keys a ring can tell apart by a token's last character."""

MAX_TOKEN_CHARS = 8_000
"""Longer paths are not ours: a destination longer than this is not sealed."""


class TokenFormat(StrEnum):
    """What a token holds, and how."""

    SEALED = "sealed"
    CAMPAIGN = "campaign"


_LAST_CHARACTER_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
_LAST_CHARACTERS_BY_FORMAT = {
    TokenFormat.SEALED: _LAST_CHARACTER_ALPHABET[:MAX_KEYS],
    TokenFormat.CAMPAIGN: _LAST_CHARACTER_ALPHABET[MAX_KEYS : 2 * MAX_KEYS],
}
"""The last character of a format's tokens, by the number of their key."""
_ASSOCIATED_DATA = {kind: [f"clicktrail {kind} token".encode()] for kind in TokenFormat}
"""Authenticated with the ciphertext: a token of one format does not open as one of another."""
_BASE64_TO_BASE64URL = bytes.maketrans(b"+/", b"-_")
_BASE64URL_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/-_-")
"""From base64url, unpadded, to base64; what only base64 has becomes what it does not have."""


class KeyState(StrEnum):
    """What a key may still do."""

    SEAL = "seal"
    OPEN = "open"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a ring.

    Attributes:
        number: 0 to 19, unique in its ring; tokens name their key by it.
        secret: ``SECRET_BYTES`` random bytes.
        state: whether it seals and opens, only opens, or neither.
    """

    number: int
    secret: bytes = field(repr=False)
    state: KeyState = KeyState.SEAL

    def __post_init__(self) -> None:
        if not 0 <= self.number < MAX_KEYS:
            raise KeyRingError(f"key number {self.number} is not between 0 and {MAX_KEYS - 1}")
        if len(self.secret) != SECRET_BYTES:
            raise KeyRingError(f"key {self.number} has {len(self.secret)} bytes, not {SECRET_BYTES}")

    def last_character(self, token_format: TokenFormat) -> str:
        """What the tokens of a format that this key sealed end with."""
        return _LAST_CHARACTERS_BY_FORMAT[token_format][self.number]


class KeyRing:
    """Keys, newest first. The first that may seal does; every one not revoked opens.

    Attributes:
        keys: all of them.
        sealing_key: the one that seals.

    Raises:
        KeyRingError: no key may seal, or two have one number.
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
        self._ciphers = {
            kind: {
                key.last_character(kind): AESSIV(key.secret) for key in self.keys if key.state is not KeyState.REVOKED
            }
            for kind in TokenFormat
        }

    def encrypt(self, plaintext: bytes, token_format: TokenFormat = TokenFormat.SEALED) -> str:
        """Seal bytes of our own into a token's text."""
        ciphertext = self._sealing_cipher.encrypt(plaintext, _ASSOCIATED_DATA[token_format])
        text = binascii.b2a_base64(ciphertext, newline=False).translate(_BASE64_TO_BASE64URL, b"=").decode()
        return text + self.sealing_key.last_character(token_format)

    def decrypt(self, token: str, token_format: TokenFormat = TokenFormat.SEALED) -> bytes:
        """Open a token's text.

        Raises:
            TokenMalformedError: not of our shape, or the only spelling of its bytes is another one.
            TokenForgedError: no key of the ring sealed it.
        """
        if len(token) > MAX_TOKEN_CHARS or not token or token[-1] not in _LAST_CHARACTERS_BY_FORMAT[token_format]:
            raise TokenMalformedError("not a token of a known format")
        ciphertext = _decode_base64url(token[:-1])
        cipher = self._ciphers[token_format].get(token[-1])
        if cipher is None:
            raise TokenForgedError("the key that this token names is not in the ring, or revoked")
        try:
            return cipher.decrypt(ciphertext, _ASSOCIATED_DATA[token_format])
        except (InvalidTag, ValueError) as error:
            raise TokenForgedError("no key of the ring sealed this token") from error


def identify_key(token: str) -> tuple[TokenFormat, int] | None:
    """The format and the number of the key that a token's last character names; None if it names none."""
    for kind, characters in _LAST_CHARACTERS_BY_FORMAT.items():
        if token and token[-1] in characters:
            return kind, characters.index(token[-1])
    return None


def _decode_base64url(text: str) -> bytes:
    """Decode base64url that is spelled as we would.

    The decoder passes over what is not base64, and the last character may hold bits that no byte uses; writing the
    bytes out again finds both.

    Raises:
        TokenMalformedError: any other spelling.
    """
    try:
        padded = text.encode("ascii").translate(_BASE64URL_TO_BASE64) + b"=" * (-len(text) % 4)
        data = binascii.a2b_base64(padded)
    except ValueError as error:
        raise TokenMalformedError("not base64url") from error
    if binascii.b2a_base64(data, newline=False) != padded:
        raise TokenMalformedError("not the canonical base64url of its bytes")
    return data
