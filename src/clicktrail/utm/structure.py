"""UTM parameters that stand where analytics do not see them, and how to bring them back."""

import dataclasses
import re

from clicktrail.utm.query import Pair, Pieces

__all__ = ["has_double_encoded_ampersand", "has_second_question_mark", "has_utm_in_fragment", "straighten"]

_AMPERSAND = re.compile(r"\A(?:amp;)++", re.IGNORECASE)
# Not in a pair whose value is a URL of its own: its question mark is right where it stands.
_SECOND_MARK = re.compile(r"\A((?:(?!://)[^?])*+)\?(?=utm_)", re.IGNORECASE)
_IN_FRAGMENT = re.compile(r"[#?&]utm_[a-z_]+=", re.IGNORECASE)
_MOVABLE = re.compile(r"utm_[a-z_]+=[^?#]*", re.IGNORECASE)


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
    left, moved = _parted(pieces.after)
    if not moved:
        return dataclasses.replace(pieces, pairs=tuple(pairs))
    return Pieces(
        before=pieces.before,
        mark=pieces.mark or "?",
        pairs=(*(pairs if pairs[-1].text else pairs[:-1]), *moved),
        after="" if left == "#" else left,
    )


def _parted(fragment: str) -> tuple[str, list[Pair]]:
    """A fragment without the UTM parameters at its end, and those."""
    left, moved = fragment.split("&"), list[str]()
    while _MOVABLE.fullmatch(left[-1]) and len(left) > 1:
        moved.append(left.pop())
    for mark in "?#":
        head, found, last = left[-1].rpartition(mark)
        if found and _MOVABLE.fullmatch(last) and (mark == "?" or (not head and len(left) == 1)):
            moved.append(last)
            left[-1] = head if mark == "?" else "#"
    return "&".join(left), [Pair(text) for text in reversed(moved)]
