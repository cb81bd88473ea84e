"""Rewrite a whole message: find its bodies and their links, and splice tracking URLs into the bytes."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from clicktrail.errors import TooManyLinksError
from clicktrail.model.link import Link
from clicktrail.rewrite import quoted_printable
from clicktrail.rewrite.edits import ByteEdit, splice
from clicktrail.rewrite.encodings import (
    IDENTITY_ENCODINGS,
    DecodedText,
    EncodedBody,
    build_byte_edits,
    decode_text,
    parse_encoded_body,
)
from clicktrail.rewrite.list_unsubscribe import find_unsubscribe_urls
from clicktrail.rewrite.mime import BodyPart, SkipReason, find_body_parts
from clicktrail.rewrite.numbering import Body, LinkRewriter
from clicktrail.rewrite.shifted_runs import ShiftLimit

_Success = TypeVar("_Success")

_MAX_LINE_BYTES = 998
"""Bytes of a line without its line break (RFC 5322 section 2.1.1)."""
_OVERLONG_LINE = re.compile(rb"[^\r\n]{%d}" % (_MAX_LINE_BYTES + 1))
_OVERLONG_LATER_LINE = re.compile(rb"\n" + _OVERLONG_LINE.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteResult:
    """A message with tracking URLs.

    Attributes:
        raw: bytes of the message. Without transfer encodings, only the tracked links differ from the original.
        links: all links, tracked or not, body by body in their order.
        skip_reasons: why the message or some of its bodies were not rewritten; each reason once.
    """

    raw: bytes
    links: tuple[Link, ...]
    skip_reasons: tuple[SkipReason, ...]

    @property
    def tracked_count(self) -> int:
        """Number of tracked positions. Alternates, and the same link in HTML and plain text, count once."""
        return len({link.position for link in self.links if link.is_tracked})


def rewrite_message(raw: bytes, rewriter: LinkRewriter) -> RewriteResult:
    """Replace the links of a message (RFC 5322) by tracking URLs, and change no other byte.

    If a line would grow longer than RFC 5322 allows, its body becomes quoted-printable, and Content-Transfer-Encoding
    changes with it. No input raises: what is not a message, or cannot be rewritten safely, is returned unchanged with
    the reason in `RewriteResult.skip_reasons`.

    Raises:
        ValueError: the rewriter made a tracking URL that needs quoting.
    """
    if unsubscribe_urls := find_unsubscribe_urls(raw):
        policy = dataclasses.replace(rewriter.policy, unsubscribe_urls=unsubscribe_urls)
        rewriter = dataclasses.replace(rewriter, policy=policy)
    newline = b"\r\n" if raw.partition(b"\n")[0].endswith(b"\r") else b"\n"
    body_parts, skip_reasons = _split_outcomes(find_body_parts(raw))
    shift_limit = ShiftLimit()
    decoded_parts, decode_failures = _split_outcomes(
        _decode_part(raw, body_part, index, newline=newline, shift_limit=shift_limit)
        for index, body_part in enumerate(body_parts)
    )
    skip_reasons += decode_failures
    while True:
        try:
            links_by_part = rewriter.number_links([part.body for part in decoded_parts])
        except TooManyLinksError:
            return RewriteResult(raw=raw, links=(), skip_reasons=(SkipReason.TOO_MANY_LINKS,))
        outcomes = [
            _plan_part_edits(raw, part, links) for part, links in zip(decoded_parts, links_by_part, strict=True)
        ]
        planned_edits, plan_failures = _split_outcomes(outcomes)
        if not plan_failures:
            break
        # Number again without the bodies that cannot be rewritten, so that positions have no gaps.
        skip_reasons += plan_failures
        decoded_parts = [
            part for part, outcome in zip(decoded_parts, outcomes, strict=True) if not isinstance(outcome, SkipReason)
        ]
    decoded_parts.clear()  # frees the decoded texts, which are as large as the message
    edits = [edit for part_edits in planned_edits for edit in _build_message_edits(part_edits, newline=newline)]
    return RewriteResult(
        raw=splice(raw, edits),
        links=tuple(link for links in links_by_part for link in links),
        skip_reasons=tuple(dict.fromkeys(skip_reasons)),
    )


def _split_outcomes(outcomes: Iterable[_Success | SkipReason]) -> tuple[list[_Success], list[SkipReason]]:
    successes: list[_Success] = []
    skip_reasons: list[SkipReason] = []
    for outcome in outcomes:
        if isinstance(outcome, SkipReason):
            skip_reasons.append(outcome)
        else:
            successes.append(outcome)
    return successes, skip_reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class _DecodedPart:
    body_part: BodyPart
    encoded_body: EncodedBody
    decoded: DecodedText
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class _PartEdits:
    """Edits of a body's decoded content. With overlong lines, the body must become quoted-printable."""

    body_part: BodyPart
    encoded_body: EncodedBody
    edits: Sequence[ByteEdit]
    has_overlong_lines: bool


def _decode_part(
    raw: bytes, body_part: BodyPart, index: int, *, newline: bytes, shift_limit: ShiftLimit
) -> _DecodedPart | SkipReason:
    encoded_bytes = memoryview(raw)[body_part.start : body_part.end]
    encoded_body = parse_encoded_body(encoded_bytes, body_part.transfer_encoding, newline=newline)
    if encoded_body is None:
        return SkipReason.TRANSFER_ENCODING
    decoded = decode_text(encoded_body.decode(), body_part.charset, shift_limit)
    if decoded is None:
        return SkipReason.CHARSET
    body = Body(
        index=index,
        body_type=body_part.body_type,
        text=decoded.text,
        has_valid_charset=decoded.allows_non_ascii_links,
        flow=body_part.flow,
    )
    return _DecodedPart(body_part=body_part, encoded_body=encoded_body, decoded=decoded, body=body)


def _plan_part_edits(raw: bytes, part: _DecodedPart, links: Sequence[Link]) -> _PartEdits | SkipReason:
    body_part = part.body_part
    edits = build_byte_edits(part.decoded, links)
    if edits is None:
        return SkipReason.CHARSET
    # Base64 and quoted-printable bodies are wrapped when they are encoded again.
    is_unencoded = body_part.transfer_encoding in IDENTITY_ENCODINGS
    has_overlong_lines = is_unencoded and _adds_overlong_lines(raw, _shift_edits(body_part, edits))
    if has_overlong_lines and not body_part.transfer_encoding_spans:
        return SkipReason.LINE_TOO_LONG
    return _PartEdits(
        body_part=body_part, encoded_body=part.encoded_body, edits=edits, has_overlong_lines=has_overlong_lines
    )


def _build_message_edits(part_edits: _PartEdits, *, newline: bytes) -> list[ByteEdit]:
    body_part, encoded_body = part_edits.body_part, part_edits.encoded_body
    if not part_edits.edits:
        return []
    if not part_edits.has_overlong_lines:
        return _shift_edits(body_part, encoded_body.encode_edits(part_edits.edits))
    field = b"Content-Transfer-Encoding: quoted-printable" + newline
    content = splice(encoded_body.decode(), part_edits.edits)
    return [
        *(ByteEdit(start=start, end=end, replacement=field) for start, end in body_part.transfer_encoding_spans),
        ByteEdit(
            start=body_part.start, end=body_part.end, replacement=quoted_printable.encode(content, newline=newline)
        ),
    ]


def _shift_edits(body_part: BodyPart, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
    """Turn offsets in the body into offsets in the message."""
    start = body_part.start
    return [ByteEdit(start=start + edit.start, end=start + edit.end, replacement=edit.replacement) for edit in edits]


def _adds_overlong_lines(raw: bytes, edits: Sequence[ByteEdit]) -> bool:
    added = 0
    for start, end, line_edits in _group_edits_by_line(raw, edits):
        if end - start + sum(len(edit.replacement) for edit in line_edits) <= _MAX_LINE_BYTES:
            continue
        added += _count_overlong_lines(splice(raw, line_edits, start=start, end=end))
        added -= _count_overlong_lines(raw[start:end])
    return added > 0


def _group_edits_by_line(raw: bytes, edits: Sequence[ByteEdit]) -> Iterator[tuple[int, int, list[ByteEdit]]]:
    """Yield the spans of whole lines that change, each with its edits."""
    start, end, line_edits = 0, -1, list[ByteEdit]()
    for edit in edits:
        if edit.start > end:
            if line_edits:
                yield start, end, line_edits
            start, line_edits = raw.rfind(b"\n", max(end, 0), edit.start) + 1, []
        if edit.end > end:
            line_end = raw.find(b"\n", edit.end)
            end = len(raw) if line_end < 0 else line_end
        line_edits.append(edit)
    if line_edits:
        yield start, end, line_edits


def _count_overlong_lines(lines: bytes) -> int:
    # A pattern that begins with a line break is fast: without it, the search would try every byte.
    return sum(1 for _ in _OVERLONG_LATER_LINE.finditer(lines)) + bool(_OVERLONG_LINE.match(lines))
