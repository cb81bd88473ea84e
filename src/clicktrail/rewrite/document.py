"""Rewrite an HTML or text file, or a string; find where the links of a file or message are in its bytes."""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from clicktrail.errors import TooManyLinksError
from clicktrail.model.link import BodyType, Link
from clicktrail.rewrite.edits import replace_links, splice
from clicktrail.rewrite.encodings import DecodedText, build_byte_edits, decode_text, find_byte_spans, parse_encoded_body
from clicktrail.rewrite.message import RewriteResult
from clicktrail.rewrite.mime import BodyPart, SkipReason, find_body_parts
from clicktrail.rewrite.numbering import Body, LinkRewriter

_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_PRESCAN_BYTES = 1024  # WHATWG HTML section 13.2.3.2
_META_CHARSET = re.compile(rb"""<meta[\s/][^>]*?charset\s*=\s*["']?\s*(?P<charset>[A-Za-z0-9._:-]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenBody:
    """A body with tracking URLs.

    Attributes:
        links: all links in their order, tracked or not.
        skip_reasons: why the body was not rewritten; empty if it was.
    """

    text: str
    links: tuple[Link, ...]
    skip_reasons: tuple[SkipReason, ...] = ()


def rewrite_html(html: str, rewriter: LinkRewriter) -> RewrittenBody:
    """Replace the links of an HTML document or fragment."""
    return _rewrite_body(Body(body_type=BodyType.HTML, text=html), rewriter)


def rewrite_text(text: str, rewriter: LinkRewriter) -> RewrittenBody:
    """Replace the links of a plain text."""
    return _rewrite_body(Body(body_type=BodyType.TEXT, text=text), rewriter)


def _rewrite_body(body: Body, rewriter: LinkRewriter) -> RewrittenBody:
    try:
        (links,) = rewriter.number_links([body])
    except TooManyLinksError:
        return RewrittenBody(text=body.text, links=(), skip_reasons=(SkipReason.TOO_MANY_LINKS,))
    return RewrittenBody(text=replace_links(body.text, links), links=links)


def rewrite_document(content: bytes, body_type: BodyType, rewriter: LinkRewriter) -> RewriteResult:
    """Replace the links of an HTML or text file.

    A file in an unsupported charset is returned unchanged, with `SkipReason.CHARSET`, and one with too many links with
    `SkipReason.TOO_MANY_LINKS`.
    """
    decoded = decode_document(content, body_type)
    if decoded is not None:
        body = Body(body_type=body_type, text=decoded.text, has_valid_charset=decoded.allows_non_ascii_links)
        try:
            (links,) = rewriter.number_links([body])
        except TooManyLinksError:
            return RewriteResult(raw=content, links=(), skip_reasons=(SkipReason.TOO_MANY_LINKS,))
        edits = build_byte_edits(decoded, links)
        if edits is not None:
            return RewriteResult(raw=splice(content, edits), links=links, skip_reasons=())
    return RewriteResult(raw=content, links=(), skip_reasons=(SkipReason.CHARSET,))


def decode_document(content: bytes, body_type: BodyType) -> DecodedText | None:
    """Decode a file by its byte order mark, else by the HTML ``meta`` element, else as UTF-8.

    The order of WHATWG HTML section 13.2.3.2; as there, a ``meta`` element that declares UTF-16 means UTF-8.
    """
    for mark, charset in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return decode_text(content, charset)
    declared = _META_CHARSET.search(content, 0, _PRESCAN_BYTES) if body_type is BodyType.HTML else None
    charset = declared["charset"].decode("ascii").lower() if declared else "utf-8"
    return decode_text(content, "utf-8" if charset.startswith("utf-16") else charset)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkByteRange:
    """The position of a link in bytes: of the file, or of the decoded body of a message. ``end`` is excluded."""

    link: Link
    start: int
    end: int


def locate_links_in_message(raw: bytes, links: Iterable[Link]) -> list[LinkByteRange]:
    """Locate the links that `rewrite_message` found in these bytes, in the same order."""
    texts_by_body_index = {
        index: decoded
        for index, (body_part, content) in enumerate(decode_bodies(raw))
        if content is not None and (decoded := decode_text(content, body_part.charset))
    }
    return list(_locate_links(texts_by_body_index, links))


def locate_links_in_document(content: bytes, body_type: BodyType, links: Iterable[Link]) -> list[LinkByteRange]:
    """Locate the links that `rewrite_document` found in these bytes, in the same order."""
    decoded = decode_document(content, body_type)
    return list(_locate_links({0: decoded} if decoded else {}, links))


def decode_bodies(raw: bytes) -> Iterator[tuple[BodyPart, bytes | bytearray | memoryview | None]]:
    """Yield the bodies of a message and their content; None if the transfer encoding cannot be decoded."""
    for body_part in find_body_parts(raw, include_signed=True):
        if isinstance(body_part, BodyPart):
            encoded_bytes = raw[body_part.start : body_part.end]
            encoded_body = parse_encoded_body(encoded_bytes, body_part.transfer_encoding, newline=b"\r\n")
            yield body_part, None if encoded_body is None else encoded_body.decode()


def _locate_links(texts_by_body_index: Mapping[int, DecodedText], links: Iterable[Link]) -> Iterator[LinkByteRange]:
    """Locate links that are sorted by body, then by position in it."""
    for body_index, body_links in groupby(links, key=lambda link: link.body_index):
        located = list(body_links)
        spans = find_byte_spans(texts_by_body_index[body_index], [(link.start, link.end) for link in located])
        for link, (start, end) in zip(located, spans, strict=True):
            yield LinkByteRange(link=link, start=start, end=end)
