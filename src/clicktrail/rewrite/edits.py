"""Edits of a body: spans and their replacements, in characters or in bytes."""

from collections.abc import Iterator, Sequence

import msgspec

from clicktrail.model.link import Link


class TextEdit(msgspec.Struct, frozen=True, gc=False):
    """A span of characters and its replacement."""

    start: int
    end: int
    text: str


class ByteEdit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A span of bytes and its replacement."""

    start: int
    end: int
    replacement: bytes | bytearray


def build_text_edits(links: Sequence[Link]) -> Iterator[TextEdit]:
    """Yield the edits that a body's links need, in order: their URLs, and the hosts shown beside them."""
    for link in links:
        if link.replacement:
            yield TextEdit(link.start, link.end, link.replacement)
        if link.visible_host:
            yield TextEdit(link.visible_host_offset, link.visible_host_offset, f" ({link.visible_host})")


def replace_links(text: str, links: Sequence[Link]) -> str:
    """Apply the edits of a body's links to its text."""
    pieces: list[str] = []
    offset = 0
    for edit in build_text_edits(links):
        pieces.append(text[offset : edit.start])
        pieces.append(edit.text)
        offset = edit.end
    pieces.append(text[offset:])
    return "".join(pieces)


def splice(
    content: bytes | bytearray | memoryview, edits: Sequence[ByteEdit], *, start: int = 0, end: int | None = None
) -> bytes:
    """Apply edits to the bytes from ``start`` to ``end``. The edits are in order and do not overlap."""
    view = memoryview(content)  # slices of a view are not copied
    pieces: list[bytes | bytearray | memoryview] = []
    offset = start
    for edit in edits:
        pieces += [view[offset : edit.start], edit.replacement]
        offset = edit.end
    return b"".join([*pieces, view[offset:end]])
