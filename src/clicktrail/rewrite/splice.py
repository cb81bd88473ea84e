"""Replace spans of bytes."""

from collections.abc import Sequence

import msgspec

__all__ = ["Edit", "splice"]


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One span and what takes its place.

    Attributes:
        start: where the span begins, bytes.
        end: where it ends.
        replacement: the new bytes.
    """

    start: int
    end: int
    replacement: bytes | bytearray


def splice(
    content: bytes | bytearray | memoryview, edits: Sequence[Edit], *, start: int = 0, end: int | None = None
) -> bytes:
    """Apply edits that are in order and do not overlap, to all of the bytes or to those of a span around the edits."""
    whole = memoryview(content)  # whose slices are no copies
    pieces: list[bytes | bytearray | memoryview] = []
    at = start
    for edit in edits:
        pieces += [whole[at : edit.start], edit.replacement]
        at = edit.end
    return b"".join([*pieces, whole[at:end]])
