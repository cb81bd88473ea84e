"""Replace spans of bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Edit", "splice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One span and what takes its place.

    Attributes:
        start: where the span begins, bytes.
        end: where it ends.
        replacement: the new bytes.
    """

    start: int
    end: int
    replacement: bytes


def splice(content: bytes, edits: Sequence[Edit]) -> bytes:
    """Apply edits that are in order and do not overlap."""
    pieces = []
    at = 0
    for edit in edits:
        pieces += [content[at : edit.start], edit.replacement]
        at = edit.end
    return b"".join([*pieces, content[at:]])
