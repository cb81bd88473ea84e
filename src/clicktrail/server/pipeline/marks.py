"""Recipients whom the edge knows by marks alone: names that nobody reads in a file, and that can be asked for."""

import hashlib
from collections.abc import Iterable

from clicktrail.tokens import KeyRing

__all__ = ["Marked"]

_MARK_BYTES = 16
_PURPOSE = b"clicktrail erase"


class Marked:
    """Some recipients, by marks that tell who it is only to whoever asks for one by name.

    A mark is a keyed hash of the recipient, by the oldest key of the ring: keys are added and revoked, never taken out.

    Args:
        ring: the key ring.
        marks: theirs, as `mark` makes them.

    Attributes:
        any: whether there are any: every click asks, and most senders have none.
    """

    def __init__(self, ring: KeyRing, marks: Iterable[str] = ()) -> None:
        self._key = ring.keys[-1].secret
        self._marks = frozenset(marks)
        self.any = bool(self._marks)

    def __contains__(self, recipient: object) -> bool:
        """Whether a recipient is one of them; where only the mark is left of one, it stands for them."""
        if not self._marks or not recipient or not isinstance(recipient, str):
            return False
        return recipient in self._marks or self.mark(recipient) in self._marks

    def mark(self, recipient: str) -> str:
        """What is kept of a recipient. An address is the same in capital and small letters."""
        name = recipient.casefold() if "@" in recipient else recipient
        hashed = hashlib.blake2b(name.encode(), digest_size=_MARK_BYTES, key=self._key, person=_PURPOSE)
        return hashed.hexdigest()
