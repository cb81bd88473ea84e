"""What may be recorded of a click by somebody whose browser asks not to be tracked: next to nothing.

Such a click is judged in memory by what its request alone tells: neither message nor recipient may be written down, and
so nothing of the message's other clicks is at hand.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping

from clicktrail.model.event import AnonymousClick, Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server.ports import IdGenerator
from clicktrail.tokens import KeyRing

__all__ = ["Anonymizer", "HashedRecipients", "has_opted_out"]


class Anonymizer:
    """Cuts clicks down.

    Args:
        judge: gives every click of a timeline its verdict.
        ids: of anonymous clicks alone: ids that other events share would tell between which of them a click was.
    """

    def __init__(self, *, judge: Callable[[Timeline], tuple[JudgedClick, ...]], ids: IdGenerator) -> None:
        self._judge = judge
        self._ids = ids

    def anonymize(self, click: Click) -> AnonymousClick | None:
        """What may be recorded of a click; None where it is no click in the sense of reports."""
        if click.unresolved:
            return None
        (judged,) = self._judge(Timeline(message_id="", events=(click,)))
        if not judged.counted:
            return None
        return AnonymousClick(
            id=self._ids.new(),
            at=click.at.replace(minute=0, second=0, microsecond=0),
            campaign=click.campaign,
            link=click.link,
            url="" if click.group else click.url,
            group=click.group,
            verdict=judged.verdict,
        )


def has_opted_out(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends Global Privacy Control or Do Not Track."""
    return headers.get("sec-gpc") == "1" or headers.get("dnt") == "1"


# FOLDED marks.py: Recipients whom the edge knows by marks alone: names that nobody reads in a file, and that
# can be asked for.

_HASH_BYTES = 16
_HASH_PERSONALIZATION = b"clicktrail erase"


class HashedRecipients:
    """Some recipients, by marks that tell who it is only to whoever asks for one by name.

    A mark is a keyed hash of the recipient, by the oldest key of the ring: keys are added and revoked, never taken out.

    Args:
        ring: the key ring.
        hashes: theirs, as `hash_recipient` makes them.

    Attributes:
        __bool__: whether there are any: every click asks, and most senders have none.
    """

    def __init__(self, ring: KeyRing, hashes: Iterable[str] = ()) -> None:
        self._key = ring.keys[-1].secret
        self._hashes = frozenset(hashes)
        self.__bool__ = bool(self._hashes)

    def __contains__(self, recipient: object) -> bool:
        """Whether a recipient is one of them; where only the mark is left of one, it stands for them."""
        if not self._hashes or not recipient or not isinstance(recipient, str):
            return False
        return recipient in self._hashes or self.hash_recipient(recipient) in self._hashes

    def hash_recipient(self, recipient: str) -> str:
        """What is kept of a recipient. An address is the same in capital and small letters."""
        name = recipient.casefold() if "@" in recipient else recipient
        hashed = hashlib.blake2b(name.encode(), digest_size=_HASH_BYTES, key=self._key, person=_HASH_PERSONALIZATION)
        return hashed.hexdigest()
