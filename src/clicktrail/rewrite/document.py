"""Rewrite a file that is one body: HTML or plain text, in bytes whose charset has to be found out."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clicktrail.model.link import BodyType, Link
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.edits import build_text_edits, splice
from clicktrail.rewrite.encodings import DecodedText, build_byte_edits, decode_text, parse_encoded_body
from clicktrail.rewrite.message import RewriteResult
from clicktrail.rewrite.mime import BodyPart, SkipReason, find_body_parts
from clicktrail.rewrite.numbering import Body, NumberedLink, number_links
from clicktrail.rewrite.policy import Policy

__all__ = [
    "LinkByteRange",
    "RewrittenBody",
    "decode_bodies",
    "decode_document",
    "locate_links_in_document",
    "locate_links_in_message",
    "rewrite_document",
    "rewrite_html",
    "rewrite_text",
]

_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_PRESCAN_BYTES = 1024
_META_CHARSET = re.compile(rb"""<meta[\s/][^>]*?charset\s*=\s*["']?\s*(?P<charset>[A-Za-z0-9._:-]+)""", re.IGNORECASE)


def rewrite_document(
    content: bytes,
    body_type: BodyType,
    *,
    policy: Policy,
    tag_url: Callable[[Candidate], str],
    make_tracking_url: Callable[[NumberedLink], str],
) -> RewriteResult:
    """Replace the links of an HTML or text file; see `rewrite_message` for the arguments.

    Where the charset hides its ASCII characters, the file comes back as it is, with the reason in ``untouched``.
    """
    seen = decode_document(content, body_type)
    if seen is None:
        return RewriteResult(raw=content, links=(), skip_reasons=(SkipReason.CHARSET,))
    body = Body(body_type=body_type, text=seen.text, has_valid_charset=seen.has_valid_charset)
    (links,) = number_links([body], policy=policy, tag_url=tag_url, make_tracking_url=make_tracking_url)
    edits = build_byte_edits(content, seen, links)
    if edits is None:
        return RewriteResult(raw=content, links=(), skip_reasons=(SkipReason.CHARSET,))
    return RewriteResult(raw=splice(content, edits), links=links, skip_reasons=())


def decode_document(content: bytes, body_type: BodyType) -> DecodedText | None:
    """The file as text: in the charset of its byte order mark, else of HTML's ``meta``, else in UTF-8.

    The order of WHATWG HTML section 13.2.3.2; a ``meta`` that says UTF-16 is read as UTF-8, as there.
    """
    for mark, charset in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return decode_text(content, charset)
    declared = _META_CHARSET.search(content, 0, _PRESCAN_BYTES) if body_type is BodyType.HTML else None
    charset = declared["charset"].decode("ascii").lower() if declared else "utf-8"
    return decode_text(content, "utf-8" if charset.startswith("utf-16") else charset)


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
    html: str, *, policy: Policy, tag_url: Callable[[Candidate], str], make_tracking_url: Callable[[NumberedLink], str]
) -> RewrittenBody:
    """Replace the links of an HTML document or fragment; see `rewrite_message` for the arguments."""
    return _rewrite_body(
        Body(body_type=BodyType.HTML, text=html), policy=policy, tag_url=tag_url, make_tracking_url=make_tracking_url
    )


def rewrite_text(
    text: str, *, policy: Policy, tag_url: Callable[[Candidate], str], make_tracking_url: Callable[[NumberedLink], str]
) -> RewrittenBody:
    """Replace the links of a plain text; see `rewrite_message` for the arguments."""
    return _rewrite_body(
        Body(body_type=BodyType.TEXT, text=text), policy=policy, tag_url=tag_url, make_tracking_url=make_tracking_url
    )


def _rewrite_body(
    body: Body, *, policy: Policy, tag_url: Callable[[Candidate], str], make_tracking_url: Callable[[NumberedLink], str]
) -> RewrittenBody:
    (links,) = number_links([body], policy=policy, tag_url=tag_url, make_tracking_url=make_tracking_url)
    return RewrittenBody(text=_apply_text_edits(body.text, links), links=links)


def _apply_text_edits(text: str, links: Sequence[Link]) -> str:
    pieces = []
    at = 0
    for replacement in build_text_edits(links):
        pieces += [text[at : replacement.start], replacement.text]
        at = replacement.end
    return "".join([*pieces, text[at:]])


# FOLDED occurrences.py: Say where in a file's bytes its links stand.


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkByteRange:
    """A link where it stands.

    Attributes:
        link: the link.
        start: where its text begins, bytes of the file, or of its body without transfer encoding in a message.
        end: where it ends.
    """

    link: Link
    start: int
    end: int


def locate_links_in_message(raw: bytes, links: Iterable[Link]) -> list[LinkByteRange]:
    """The links that `rewrite_message` found in these bytes, in the same order."""
    views = {
        number: seen
        for number, (leaf, content) in enumerate(decode_bodies(raw))
        if content is not None and (seen := decode_text(content, leaf.charset))
    }
    return list(_locate_links(views, links))


def locate_links_in_document(content: bytes, body_type: BodyType, links: Iterable[Link]) -> list[LinkByteRange]:
    """The links that `rewrite_document` found in these bytes, in the same order."""
    seen = decode_document(content, body_type)
    return list(_locate_links({0: seen} if seen else {}, links))


def decode_bodies(raw: bytes) -> Iterator[tuple[BodyPart, bytes | bytearray | memoryview | None]]:
    """The bodies of a message by number, without their transfer encoding; None where that cannot be undone."""
    for leaf in find_body_parts(raw, include_signed=True):
        if isinstance(leaf, BodyPart):
            transfer = parse_encoded_body(raw[leaf.start : leaf.end], leaf.transfer_encoding, newline=b"\r\n")
            yield leaf, None if transfer is None else transfer.decode()


def _locate_links(views: Mapping[int, DecodedText], links: Iterable[Link]) -> Iterator[LinkByteRange]:
    """Encode each body piece by piece, for its bytes to be counted; links of a body follow one another."""
    body, at, size = -1, 0, 0
    encoder = codecs.getincrementalencoder("ascii")()
    for link in links:
        if link.body_index != body:
            body, at, size = link.body_index, 0, 0
            encoder = codecs.getincrementalencoder(views[body].codec)()
        text = views[body].text
        start = size + len(encoder.encode(text[at : link.start]))
        size = start + len(encoder.encode(text[link.start : link.end]))
        at = link.end
        yield LinkByteRange(link=link, start=start, end=size)
