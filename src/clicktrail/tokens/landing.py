"""Landing tokens: identify a click to the beacon on the landing page.

A landing token is unpadded base64url (RFC 4648 section 5) of the key's number, one byte, and an AES-SIV ciphertext
(RFC 5297) of the MessagePack array ``[click_id, message_id, recipient, campaign, clicked_at]``, the last in seconds
since 1970. Its associated data differs from that of tracking tokens, so neither opens as the other.
"""

import base64
from datetime import UTC, datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from clicktrail.errors import TokenForgedError, TokenMalformedError
from clicktrail.tokens.keys import MAX_TOKEN_CHARS, KeyRing, KeyState

_ASSOCIATED_DATA = [b"clicktrail visit"]


# Created for each click; a dataclass takes ten times as long.
class LandingClick(msgspec.Struct, frozen=True, kw_only=True):
    """The click that led to a landing page. The page cannot read it.

    Attributes:
        recipient: empty if unknown.
        campaign: empty if none.
        clicked_at: aware, whole seconds.
    """

    click_id: str
    message_id: str
    recipient: str
    campaign: str
    clicked_at: datetime


class _Payload(msgspec.Struct, frozen=True, array_like=True):
    click_id: str
    message_id: str
    recipient: str
    campaign: str
    clicked_at: int


_payload_decoder = msgspec.msgpack.Decoder(_Payload)


class LandingTokenSealer:
    """Seals and opens landing tokens with the keys of a ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._key_byte = bytes([ring.sealing_key.number])
        self._ciphers = {
            bytes([key.number]): AESSIV(key.secret) for key in ring.keys if key.state is not KeyState.REVOKED
        }
        self._sealing_cipher = self._ciphers[self._key_byte]

    def seal(self, click: LandingClick) -> str:
        """Make a landing token, characters ``[A-Za-z0-9_-]`` only."""
        clicked_at = int(click.clicked_at.timestamp())
        fields = (click.click_id, click.message_id, click.recipient, click.campaign, clicked_at)
        ciphertext = self._sealing_cipher.encrypt(msgspec.msgpack.encode(fields), _ASSOCIATED_DATA)
        return base64.urlsafe_b64encode(self._key_byte + ciphertext).rstrip(b"=").decode()

    def open(self, token: str) -> LandingClick:
        """Open a landing token.

        Raises:
            TokenMalformedError: not a landing token.
            TokenForgedError: not sealed by a key of this ring.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise TokenMalformedError("longer than any landing token")
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise TokenMalformedError("not base64url") from error
        cipher = self._ciphers.get(data[:1])
        if cipher is None:
            raise TokenForgedError("the key that this landing token names is not in the ring, or revoked")
        try:
            plaintext = cipher.decrypt(data[1:], _ASSOCIATED_DATA)
        except (InvalidTag, ValueError) as error:
            raise TokenForgedError("no key of the ring sealed this landing token") from error
        return _decode_click(plaintext)


def _decode_click(plaintext: bytes) -> LandingClick:
    try:
        fields = _payload_decoder.decode(plaintext)
        clicked_at = datetime.fromtimestamp(fields.clicked_at, UTC)
    except (msgspec.DecodeError, ValueError, OverflowError, OSError) as error:
        # The last three: the time is out of range.
        raise TokenMalformedError("sealed with a payload that this version cannot read") from error
    return LandingClick(
        click_id=fields.click_id,
        message_id=fields.message_id,
        recipient=fields.recipient,
        campaign=fields.campaign,
        clicked_at=clicked_at,
    )
