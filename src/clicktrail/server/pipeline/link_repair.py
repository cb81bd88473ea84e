"""Repair the path of a link that was damaged on its way, so that it opens as it was sent.

Only a path that does not open is repaired, and the result opens by the same rules as any other path. So a repair cannot
lead anywhere but to a link that was sent.
"""

import re

import msgspec

from clicktrail.errors import TokenError
from clicktrail.server.pipeline.link_lookup import is_recipient_id
from clicktrail.tokens import (
    Damage,
    FoundToken,
    KeyRing,
    TokenFormat,
    decode_short_token,
    find_tokens,
    identify_key,
    open_campaign_token,
    open_payload,
)

_SEGMENT = re.compile(rb"/[A-Za-z0-9._~/-]*[A-Za-z0-9]")
"""Beginning of a path below the token, such as ``/wp-login.php``, which asks for something else than the link."""

_RECIPIENT_ID_START = re.compile(rb"/+([A-Za-z0-9._~-]*[A-Za-z0-9_-])")
_PUNCTUATION = (
    rb"(?:[^A-Za-z0-9\x80-\xff]"
    rb"|\xc2[\x80-\xbf]|\xe2[\x80\x81][\x80-\xbf]"  # U+0080 to U+00BF, U+2000 to U+207F
    rb"|\xe3\x80[\x80-\xbf]|\xef\xbb\xbf|\xef\xbc[\x80-\x8f])"  # of East Asian scripts; byte order mark
)
_AFTER_RECIPIENT_ID = re.compile(rb"[&?#<>|\")\]]|\[/|(?:=[0-9A-Fa-f]{2})?" + _PUNCTUATION + rb"*+\Z")
"""What may follow an id: parameters, markup, or punctuation, white space and a character in quoted-printable up to the
end. Of another text, such as an address, the beginning must not be taken for an id. The possessive ``*+`` keeps no
position to go back to: each takes 120 bytes."""

_UNREADABLE_RECIPIENT_ID = re.compile(rb"/+(?![/&?#])[^A-Za-z0-9\x80-\xff]*[A-Za-z0-9\x80-\xff]")
"""A text with letters instead of the id, such as a merge tag that the ESP did not replace."""


class LinkRepair(msgspec.Struct, frozen=True, kw_only=True):
    """A path that opens, and what was repaired.

    Attributes:
        path: path without its leading slash, as it was sent; without an id if there is no valid one.
        ignored: the text before and after it that was not sent.
    """

    path: str
    damage: Damage
    ignored: str = ""


def repair_path(ring: KeyRing, path: str) -> LinkRepair | None:
    """Repair a path without its leading slash that does not open; None if it is not a damaged link of ours.

    A short token may be unknown to the registry: only its form is checked.
    """
    repairs = (_repair(ring, found) for found in find_tokens(path))
    return next((repair for repair in repairs if repair is not None), None)


def _repair(ring: KeyRing, found: FoundToken) -> LinkRepair | None:
    identified = identify_key(found.token)
    try:
        if identified is None:
            decode_short_token(found.token)
        elif identified[0] is TokenFormat.SEALED:
            open_payload(ring, found.token)
        else:
            message, _ = open_campaign_token(ring, found.token)
            if not message.message_id and not message.recipient:
                return _repair_recipient_id(found)
    except TokenError:
        return None
    if _SEGMENT.match(found.rest):
        return None
    return _build_repair(found, path=found.token, ignored=found.rest)


def _repair_recipient_id(found: FoundToken) -> LinkRepair:
    """Repair a link of a template. A doubtful id is left out: a click must not name another recipient."""
    match = _RECIPIENT_ID_START.match(found.rest)
    if match and _AFTER_RECIPIENT_ID.match(found.rest, match.end()) and is_recipient_id(match[1].decode()):
        return _build_repair(found, path=f"{found.token}/{match[1].decode()}", ignored=found.rest[match.end() :])
    has_id = _UNREADABLE_RECIPIENT_ID.match(found.rest) is not None
    damage = Damage.INVALID_RECIPIENT_ID if has_id else Damage.NO_RECIPIENT_ID
    return LinkRepair(path=found.token, damage=damage, ignored=_decode(found.rest))


def _build_repair(found: FoundToken, *, path: str, ignored: bytes) -> LinkRepair:
    damage = Damage.ADDITION if found.before or ignored else Damage.ENCODING
    return LinkRepair(
        path=path, damage=Damage.INSIDE if found.is_mended else damage, ignored=_decode(found.before + ignored)
    )


def _decode(ignored: bytes) -> str:
    return ignored.decode(errors="replace")
