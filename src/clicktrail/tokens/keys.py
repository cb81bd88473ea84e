"""The keys that seal tokens, and the text that a sealed token is.

All but the last character of a token is the base64url text (RFC 4648 section 5, unpadded) of an AES-SIV ciphertext
(RFC 5297). AES-SIV needs no nonce: the same content under the same key is the same token.
"""

import base64
import binascii
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from clicktrail.errors import KeyRingError, TokenForgedError, TokenMalformedError

__all__ = ["KEYS", "MAX_LENGTH", "SECRET_BYTES", "Key", "KeyRing", "KeyState"]

SECRET_BYTES = 32
"""An AES-SIV key for AES-128: two halves, one to authenticate and one to encrypt (RFC 5297 section 2.2)."""

KEYS = 20
"""How many keys a ring can tell apart by a token's last character."""

MAX_LENGTH = 8_000
"""Longer paths are not ours: a destination longer than this is not sealed."""

_LAST_CHARACTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits
_SEALED = _LAST_CHARACTERS[:KEYS]
_KEY_BY_CHARACTER = {character: number for number, character in enumerate(_SEALED)}
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/-_-")
"""From base64url, unpadded, to base64; what only base64 has becomes what it does not have."""
_PURPOSE = [b"clicktrail sealed token"]


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
        if not 0 <= self.number < KEYS:
            raise KeyRingError(f"key number {self.number} is not between 0 and {KEYS - 1}")
        if len(self.secret) != SECRET_BYTES:
            raise KeyRingError(f"key {self.number} has {len(self.secret)} bytes, not {SECRET_BYTES}")

    @property
    def last_character(self) -> str:
        """What the tokens that this key sealed end with."""
        return _SEALED[self.number]


class KeyRing:
    """Keys, newest first. The first that may seal does; every one not revoked opens.

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
        self._sealing = (_SEALED[sealing.number], AESSIV(sealing.secret))
        self._opening = {
            _SEALED[key.number]: AESSIV(key.secret) for key in self.keys if key.state is not KeyState.REVOKED
        }

    def encrypt(self, plaintext: bytes) -> str:
        """Seal bytes of our own into a token's text."""
        character, cipher = self._sealing
        return base64.urlsafe_b64encode(cipher.encrypt(plaintext, _PURPOSE)).rstrip(b"=").decode() + character

    def decrypt(self, token: str) -> bytes:
        """Open a token's text.

        Raises:
            TokenMalformedError: not of our shape, or the only spelling of its bytes is another one.
            TokenForgedError: no key of the ring sealed it.
        """
        if len(token) > MAX_LENGTH or token[-1:] not in _KEY_BY_CHARACTER:
            raise TokenMalformedError("not a token of a known format")
        cipher = self._opening.get(token[-1])
        if cipher is None:
            raise TokenForgedError("the key that this token names is not in the ring, or revoked")
        ciphertext = _from_base64url(token[:-1])
        try:
            return cipher.decrypt(ciphertext, _PURPOSE)
        except (InvalidTag, ValueError) as error:
            raise TokenForgedError("no key of the ring sealed this token") from error


def _from_base64url(text: str) -> bytes:
    """Decode base64url that is spelled as we would.

    The decoder passes over what is not base64, and the last character may hold bits that no byte uses; writing the
    bytes out again finds both.

    Raises:
        TokenMalformedError: any other spelling.
    """
    try:
        padded = text.encode("ascii").translate(_TO_BASE64) + b"=" * (-len(text) % 4)
        data = binascii.a2b_base64(padded)
    except ValueError as error:
        raise TokenMalformedError("not base64url") from error
    if binascii.b2a_base64(data, newline=False) != padded:
        raise TokenMalformedError("not the canonical base64url of its bytes")
    return data
