"""Rewrite a file that is one body: HTML or plain text, in bytes whose charset has to be found out."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clicktrail.model.link import Link, Part
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.edits import replacements, splice
from clicktrail.rewrite.encodings import View, byte_edits, open_transfer, view
from clicktrail.rewrite.message import Rewritten
from clicktrail.rewrite.mime import Leaf, Untouched, find_leaves
from clicktrail.rewrite.numbering import Body, Placed, place
from clicktrail.rewrite.policy import Policy

__all__ = [
    "Occurrence",
    "RewrittenBody",
    "decoded_bodies",
    "in_document",
    "in_message",
    "read_document",
    "rewrite_document",
    "rewrite_html",
    "rewrite_text",
]

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_PRESCAN = 1024
_META = re.compile(rb"""<meta[\s/][^>]*?charset\s*=\s*["']?\s*(?P<charset>[A-Za-z0-9._:-]+)""", re.IGNORECASE)


def rewrite_document(
    content: bytes,
    part: Part,
    *,
    policy: Policy,
    tag: Callable[[Candidate], str],
    tracking_url: Callable[[Placed], str],
) -> Rewritten:
    """Replace the links of an HTML or text file; see `rewrite_message` for the arguments.

    Where the charset hides its ASCII characters, the file comes back as it is, with the reason in ``untouched``.
    """
    seen = read_document(content, part)
    if seen is None:
        return Rewritten(raw=content, links=(), untouched=(Untouched.CHARSET,))
    body = Body(part=part, text=seen.text, legible=seen.legible)
    (links,) = place([body], policy=policy, tag=tag, tracking_url=tracking_url)
    edits = byte_edits(content, seen, links)
    if edits is None:
        return Rewritten(raw=content, links=(), untouched=(Untouched.CHARSET,))
    return Rewritten(raw=splice(content, edits), links=links, untouched=())


def read_document(content: bytes, part: Part) -> View | None:
    """The file as text: in the charset of its byte order mark, else of HTML's ``meta``, else in UTF-8.

    The order of WHATWG HTML section 13.2.3.2; a ``meta`` that says UTF-16 is read as UTF-8, as there.
    """
    for mark, charset in _MARKS.items():
        if content.startswith(mark):
            return view(content, charset)
    declared = _META.search(content, 0, _PRESCAN) if part is Part.HTML else None
    charset = declared["charset"].decode("ascii").lower() if declared else "utf-8"
    return view(content, "utf-8" if charset.startswith("utf-16") else charset)


# FOLDED body.py: Rewrite one body that is no MIME message: HTML or plain text.


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenBody:
    """A body with tracking URLs.

    Attributes:
        text: the body; every character outside of replaced links is as it was.
        links: all links found, tracked or not, in their order.
    """

    text: str
    links: tuple[Link, ...]


def rewrite_html(
    html: str, *, policy: Policy, tag: Callable[[Candidate], str], tracking_url: Callable[[Placed], str]
) -> RewrittenBody:
    """Replace the links of an HTML document or fragment; see `rewrite_message` for the arguments."""
    return _rewrite(Body(part=Part.HTML, text=html), policy=policy, tag=tag, tracking_url=tracking_url)


def rewrite_text(
    text: str, *, policy: Policy, tag: Callable[[Candidate], str], tracking_url: Callable[[Placed], str]
) -> RewrittenBody:
    """Replace the links of a plain text; see `rewrite_message` for the arguments."""
    return _rewrite(Body(part=Part.TEXT, text=text), policy=policy, tag=tag, tracking_url=tracking_url)


def _rewrite(
    body: Body, *, policy: Policy, tag: Callable[[Candidate], str], tracking_url: Callable[[Placed], str]
) -> RewrittenBody:
    (links,) = place([body], policy=policy, tag=tag, tracking_url=tracking_url)
    return RewrittenBody(text=_splice(body.text, links), links=links)


def _splice(text: str, links: Sequence[Link]) -> str:
    pieces = []
    at = 0
    for replacement in replacements(links):
        pieces += [text[at : replacement.start], replacement.text]
        at = replacement.end
    return "".join([*pieces, text[at:]])


# FOLDED occurrences.py: Say where in a file's bytes its links stand.


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
