"""Seal what a landing page is handed about a click, and hands back: nobody else can make one.

The text is base64url (RFC 4648 section 5, unpadded) of one byte, the number of the key, and an AES-SIV ciphertext
(RFC 5297) of the MessagePack array ``[click_id, message_id, recipient, campaign, clicked_at]``, the last in seconds
since 1970. It is the path of no tracking URL, and its associated data differs from that of every token, so that neither
opens as the other.
"""

import base64
from datetime import UTC, datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from clicktrail.errors import TokenForgedError, TokenMalformedError
from clicktrail.tokens.keys import MAX_LENGTH, KeyRing, KeyState

__all__ = ["Visit", "VisitSeal"]

_PURPOSE = [b"clicktrail visit"]


class Visit(msgspec.Struct, frozen=True, kw_only=True):  # made for each click, in a tenth of a dataclass's time
    """The click that led to a page. The page itself can read nothing of this.

    Attributes:
        click_id: the id of the click's event.
        message_id: our id of the message.
        recipient: empty if unknown.
        campaign: empty if none.
        clicked_at: when, aware, whole seconds.
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


class VisitSeal:
    """Seals with the key of a ring that seals tokens, and opens with every one that is not revoked."""

    def __init__(self, ring: KeyRing) -> None:
        self._number = bytes([ring.sealing.number])
        self._opening = {
            bytes([key.number]): AESSIV(key.secret) for key in ring.keys if key.state is not KeyState.REVOKED
        }
        self._cipher = self._opening[self._number]

    def seal(self, visit: Visit) -> str:
        """Characters ``[A-Za-z0-9_-]`` only."""
        clicked_at = int(visit.clicked_at.timestamp())
        fields = (visit.click_id, visit.message_id, visit.recipient, visit.campaign, clicked_at)
        ciphertext = self._cipher.encrypt(msgspec.msgpack.encode(fields), _PURPOSE)
        return base64.urlsafe_b64encode(self._number + ciphertext).rstrip(b"=").decode()

    def open(self, text: str) -> Visit:
        """Read what was sealed.

        Raises:
            TokenMalformedError: not of our shape.
            TokenForgedError: of our shape, but not sealed by a key of this ring.
        """
        if len(text) > MAX_LENGTH:
            raise TokenMalformedError("longer than any visit that we seal")
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise TokenMalformedError("not base64url") from error
        cipher = self._opening.get(data[:1])
        if cipher is None:
            raise TokenForgedError("the key that this visit names is not in the ring, or revoked")
        try:
            plaintext = cipher.decrypt(data[1:], _PURPOSE)
        except (InvalidTag, ValueError) as error:
            raise TokenForgedError("no key of the ring sealed this visit") from error
        return _visit(plaintext)


def _visit(plaintext: bytes) -> Visit:
    try:
        fields = _payload_decoder.decode(plaintext)
        clicked_at = datetime.fromtimestamp(fields.clicked_at, UTC)
    except (msgspec.DecodeError, ValueError, OverflowError, OSError) as error:  # the last three: no such time
        raise TokenMalformedError("sealed with a payload that this version cannot read") from error
    return Visit(
        click_id=fields.click_id,
        message_id=fields.message_id,
        recipient=fields.recipient,
        campaign=fields.campaign,
        clicked_at=clicked_at,
    )
