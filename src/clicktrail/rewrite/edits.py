"""Replace spans of bytes."""

from collections.abc import Iterator, Sequence

import msgspec

from clicktrail.model.link import Link

__all__ = ["ByteEdit", "TextEdit", "build_text_edits", "splice"]


class ByteEdit(msgspec.Struct, frozen=True, kw_only=True):
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
    content: bytes | bytearray | memoryview, edits: Sequence[ByteEdit], *, start: int = 0, end: int | None = None
) -> bytes:
    """Apply edits that are in order and do not overlap, to all of the bytes or to those of a span around the edits."""
    whole = memoryview(content)  # whose slices are no copies
    pieces: list[bytes | bytearray | memoryview] = []
    at = start
    for edit in edits:
        pieces += [whole[at : edit.start], edit.replacement]
        at = edit.end
    return b"".join([*pieces, whole[at:end]])


# FOLDED replacing.py: Say what changes in a body, in characters.


class TextEdit(msgspec.Struct, frozen=True, gc=False):
    """A span of a body, characters, and what takes its place."""

    start: int
    end: int
    text: str


def build_text_edits(links: Sequence[Link]) -> Iterator[TextEdit]:
    """The URLs that take the place of a body's links, and the hosts beside them, in order."""
    for link in links:
        if link.replacement:
            yield TextEdit(link.start, link.end, link.replacement)
        if link.visible_host:
            yield TextEdit(link.visible_host_offset, link.visible_host_offset, f" ({link.visible_host})")
