"""Say where in a file's bytes its links stand."""

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from clicktrail.model.link import Link, Part
from clicktrail.rewrite.charset import View, view
from clicktrail.rewrite.document import read_document
from clicktrail.rewrite.mime import Leaf, find_leaves
from clicktrail.rewrite.transfer import open_transfer

__all__ = ["Occurrence", "decoded_bodies", "in_document", "in_message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A link where it stands.

    Attributes:
        link: the link.
        start: where its text begins, bytes of the file, or of its body without transfer encoding in a message.
        end: where it ends.
    """

    link: Link
    start: int
    end: int


def in_message(raw: bytes, links: Iterable[Link]) -> list[Occurrence]:
    """The links that `rewrite_message` found in these bytes, in the same order."""
    views = {
        number: seen
        for number, (leaf, content) in enumerate(decoded_bodies(raw))
        if content is not None and (seen := view(content, leaf.charset))
    }
    return list(_located(views, links))


def in_document(content: bytes, part: Part, links: Iterable[Link]) -> list[Occurrence]:
    """The links that `rewrite_document` found in these bytes, in the same order."""
    seen = read_document(content, part)
    return list(_located({0: seen} if seen else {}, links))


def decoded_bodies(raw: bytes) -> Iterator[tuple[Leaf, bytes | bytearray | memoryview | None]]:
    """The bodies of a message by number, without their transfer encoding; None where that cannot be undone."""
    for leaf in find_leaves(raw, signed=True):
        if isinstance(leaf, Leaf):
            transfer = open_transfer(raw[leaf.start : leaf.end], leaf.transfer_encoding, newline=b"\r\n")
            yield leaf, None if transfer is None else transfer.decode()


def _located(views: Mapping[int, View], links: Iterable[Link]) -> Iterator[Occurrence]:
    """Encode each body piece by piece, for its bytes to be counted; links of a body follow one another."""
    body, at, size = -1, 0, 0
    encoder = codecs.getincrementalencoder("ascii")()
    for link in links:
        if link.body != body:
            body, at, size = link.body, 0, 0
            encoder = codecs.getincrementalencoder(views[body].codec)()
        text = views[body].text
        start = size + len(encoder.encode(text[at : link.start]))
        size = start + len(encoder.encode(text[link.start : link.end]))
        at = link.end
        yield Occurrence(link=link, start=start, end=size)
