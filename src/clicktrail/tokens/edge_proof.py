"""Prove that a server is an edge with our key ring, without any state on either side.

A challenge is unpadded base64url (RFC 4648 section 5) of the key's number, one byte, and an AES-SIV ciphertext
(RFC 5297) of a nonce. The answer is that of the same nonce with other associated data, which only a holder of the key
can make. Both are bound to the host. A stranger can neither make a challenge nor learn anything from one that was
overheard: its answer is of use for this nonce only.
"""

import base64
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from clicktrail.tokens.keys import KeyRing, KeyState

EDGE_PROOF_PATH = "/.well-known/edge-proof/"
"""An edge answers challenges below this path."""

NONCE_BYTES = 16
_CHALLENGE = b"clicktrail edge challenge"
_ANSWER = b"clicktrail edge answer"
_MAX_CHARS = 200


class EdgeProof:
    """Makes and answers challenges with the keys of a ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._key_byte = bytes([ring.sealing_key.number])
        self._ciphers = {
            bytes([key.number]): AESSIV(key.secret) for key in ring.keys if key.state is not KeyState.REVOKED
        }

    def seal_challenge(self, host: str, nonce: bytes) -> str:
        """Make a challenge for the edge that serves ``host``. The nonce has ``NONCE_BYTES`` random bytes."""
        ciphertext = self._ciphers[self._key_byte].encrypt(nonce, [_CHALLENGE, host.encode()])
        return _encode(self._key_byte + ciphertext)

    def answer(self, host: str, challenge: str) -> str | None:
        """Answer a challenge; None if no key of the ring made it for this host."""
        try:
            data = base64.b64decode(challenge[:_MAX_CHARS] + "=" * (-len(challenge) % 4), altchars=b"-_", validate=True)
            cipher = self._ciphers[data[:1]]
            nonce = cipher.decrypt(data[1:], [_CHALLENGE, host.encode()])
        except (KeyError, ValueError, InvalidTag):
            return None
        return _encode(cipher.encrypt(nonce, [_ANSWER, host.encode()]))

    def is_answer(self, text: str, *, host: str, challenge: str) -> bool:
        """Whether a text is the answer to a challenge of this ring."""
        expected = self.answer(host, challenge)
        return expected is not None and hmac.compare_digest(text.encode(), expected.encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
