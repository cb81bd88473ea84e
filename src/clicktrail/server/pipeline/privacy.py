"""Record as little as possible about recipients who opted out, denied tracking or were erased.

A click of theirs is judged in memory by its request alone: neither message nor recipient may be stored, so the
message's other clicks are not available.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping

from clicktrail.model.event import AnonymousClick, Click
from clicktrail.model.recipient import normalize_recipient
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server.ports import IdGenerator
from clicktrail.tokens import KeyRing

_HASH_BYTES = 16
_HASH_PERSONALIZATION = b"clicktrail erase"


def has_opted_out(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends Global Privacy Control or Do Not Track.

    White space is ignored. Of several values, which a proxy may have added, one is enough.
    """
    gpc, dnt = headers.get("sec-gpc"), headers.get("dnt")
    return (gpc is not None and _has_value_1(gpc)) or (dnt is not None and _has_value_1(dnt))


def _has_value_1(header: str) -> bool:
    return "1" in header and any(value.strip() == "1" for value in header.split(","))


class Anonymizer:
    """Reduces clicks to anonymous clicks.

    Args:
        ids: generates ids of anonymous clicks only. Ids shared with other events would reveal when a click was made.
    """

    def __init__(self, *, judge: Callable[[Timeline], tuple[JudgedClick, ...]], ids: IdGenerator) -> None:
        self._judge = judge
        self._ids = ids

    def anonymize(self, click: Click) -> AnonymousClick | None:
        """Return the anonymous click to record; None if reports would not count the click."""
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


class HashedRecipients:
    """Keyed hashes of recipients: the edge can test membership without storing addresses.

    The key is the oldest key of the key ring: it can be revoked, but `keyring_file.remove` refuses to remove it.

    Args:
        ring: the key ring.
        hashes: hashes of the recipients, as `hash_recipient` returns them.
    """

    def __init__(self, ring: KeyRing, hashes: Iterable[str] = ()) -> None:
        self._key = ring.keys[-1].secret
        self._hashes = frozenset(hashes)

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def __contains__(self, recipient: object) -> bool:
        """Whether a recipient is included, given by name or by hash."""
        if not self._hashes or not recipient or not isinstance(recipient, str):
            return False
        return recipient in self._hashes or self.hash_recipient(recipient) in self._hashes

    def hash_recipient(self, recipient: str) -> str:
        """Return the keyed hash of a recipient. Addresses are case-insensitive."""
        name = normalize_recipient(recipient)
        hashed = hashlib.blake2b(name.encode(), digest_size=_HASH_BYTES, key=self._key, person=_HASH_PERSONALIZATION)
        return hashed.hexdigest()
