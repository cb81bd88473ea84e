"""UTM parameters that stand where analytics do not see them, and how to bring them back."""

import dataclasses
import re

from clicktrail.utm.query import Pair, Pieces

__all__ = ["has_double_encoded_ampersand", "has_second_question_mark", "has_utm_in_fragment", "straighten"]

_AMPERSAND = re.compile(r"\A(?:amp;)++", re.IGNORECASE)
# Not in a pair whose value is a URL of its own: its question mark is right where it stands.
_SECOND_MARK = re.compile(r"\A((?:(?!://)[^?])*+)\?(?=utm_)", re.IGNORECASE)
_IN_FRAGMENT = re.compile(r"[#?&]utm_[a-z_]+=", re.IGNORECASE)
_MOVABLE = re.compile(r"(?:(?<=\A#)|[?&])((?:utm_[a-z_]+=[^&?#]*(?:&|\Z))+)\Z", re.IGNORECASE)


def has_double_encoded_ampersand(pieces: Pieces) -> bool:
    """Whether a key begins with ``amp;``: what is left of an ampersand that was written as ``&amp;`` twice."""
    return any(_AMPERSAND.match(pair.text) for pair in pieces.pairs)


def has_second_question_mark(pieces: Pieces) -> bool:
    """Whether parameters were put behind a query by another question mark."""
    return any(_SECOND_MARK.search(pair.text) for pair in pieces.pairs)


def has_utm_in_fragment(pieces: Pieces) -> bool:
    """Whether UTM parameters stand behind the ``#``, where servers never see them, and analytics seldom look."""
    return _IN_FRAGMENT.search(pieces.after) is not None


def straighten(pieces: Pieces) -> Pieces:
    """The URL with its UTM parameters in the query, apart from those that stand in the middle of a fragment."""
    pairs = [
        Pair(text)
        for pair in pieces.pairs
        for text in _SECOND_MARK.sub(r"\1&", _AMPERSAND.sub("", pair.text)).split("&")
    ]
    movable = _MOVABLE.search(pieces.after)
    if movable is None:
        return dataclasses.replace(pieces, pairs=tuple(pairs))
    moved = [Pair(text) for text in movable[1].split("&") if text]
    left = pieces.after[: movable.start()]
    return Pieces(
        before=pieces.before,
        mark=pieces.mark or "?",
        pairs=(*(pairs if pairs[-1].text else pairs[:-1]), *moved),
        after="" if left == "#" else left,
    )
