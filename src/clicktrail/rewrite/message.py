"""Rewrite a whole message: find its bodies, their links, and splice tracking URLs into the bytes."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from clicktrail.model.link import Link
from clicktrail.rewrite import quoted_printable
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.edits import ByteEdit, splice
from clicktrail.rewrite.encodings import (
    IDENTITY_ENCODINGS,
    DecodedText,
    EncodedBody,
    build_byte_edits,
    decode_text,
    parse_encoded_body,
)
from clicktrail.rewrite.mime import BodyPart, SkipReason, find_body_parts
from clicktrail.rewrite.numbering import Body, NumberedLink, number_links
from clicktrail.rewrite.policy import Policy

__all__ = ["RewriteResult", "rewrite_message"]

_Outcome = TypeVar("_Outcome")

_OVERLONG_LINE = re.compile(rb"[^\r\n]{999}")
"""A line of more than 998 octets, its line break apart (RFC 5322 section 2.1.1)."""
_OVERLONG_LATER_LINE = re.compile(rb"\n" + _OVERLONG_LINE.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteResult:
    """A message with tracking URLs.

    Attributes:
        raw: the message; every byte outside of tracked links is as it was, transfer encodings undone.
        links: all links found, tracked or not, by body and in their order.
        skip_reasons: why the message, or bodies of it, passed without being read or rewritten; each reason once.
    """

    raw: bytes
    links: tuple[Link, ...]
    skip_reasons: tuple[SkipReason, ...]

    @property
    def tracked_count(self) -> int:
        """How many links a reader can click and we see: tracked positions."""
        return len({link.position for link in self.links if link.is_tracked})


def rewrite_message(
    raw: bytes,
    *,
    policy: Policy,
    make_url_tagger: Callable[[], Callable[[Candidate], str]],
    make_tracking_url: Callable[[NumberedLink], str],
) -> RewriteResult:
    """Replace the links of a message (RFC 5322) by tracking URLs, and change nothing else.

    A body in which a line would grow longer than RFC 5322 allows is encoded as quoted-printable, and its
    Content-Transfer-Encoding says so.

    Whatever the bytes are, this raises nothing: what is no message, or cannot be rewritten safely, comes back as it
    is, with the reason in ``untouched``.

    Args:
        raw: the message, as it goes over the wire.
        policy: which links are tracked.
        make_url_tagger: gives a ``tag`` for the links of a message, the first one to come: it makes a link's destination, its
            URL with UTM parameters, or as it is where there are none to add. Called again, to begin anew, where a body
            has to be left out.
        make_tracking_url: makes the URL that takes a link's place: http or https, characters ``[A-Za-z0-9/._-]`` in the
            path, the last one alphanumeric. Called once per position and part, and again, with another number of links,
            where a body has to be left out.

    Raises:
        ValueError: ``make_tracking_url`` gave a URL of other characters.
    """
    newline = b"\r\n" if raw.partition(b"\n")[0].endswith(b"\r") else b"\n"
    leaves, untouched = _partition_outcomes(find_body_parts(raw))
    opened, unreadable = _partition_outcomes(
        _decode_part(raw, leaf, number, newline=newline) for number, leaf in enumerate(leaves)
    )
    untouched += unreadable
    while True:
        links = number_links(
            [body.body for body in opened],
            policy=policy,
            tag_url=make_url_tagger(),
            make_tracking_url=make_tracking_url,
        )
        outcomes = [_plan_part_edits(raw, body, placed) for body, placed in zip(opened, links, strict=True)]
        changes, refused = _partition_outcomes(outcomes)
        if not refused:
            break
        # The other bodies are numbered anew, as if those that cannot bear their new links were not there.
        untouched += refused
        opened = [body for body, outcome in zip(opened, outcomes, strict=True) if not isinstance(outcome, SkipReason)]
    opened.clear()  # The texts are as large as the message, and not needed any more.
    edits = [edit for change in changes for edit in _build_message_edits(change, newline=newline)]
    return RewriteResult(
        raw=splice(raw, edits),
        links=tuple(link for placed in links for link in placed),
        skip_reasons=tuple(dict.fromkeys(untouched)),
    )


def _partition_outcomes(outcomes: Iterable[_Outcome | SkipReason]) -> tuple[list[_Outcome], list[SkipReason]]:
    """What worked, and why the rest did not."""
    worked: list[_Outcome] = []
    untouched: list[SkipReason] = []
    for outcome in outcomes:
        if isinstance(outcome, SkipReason):
            untouched.append(outcome)
        else:
            worked.append(outcome)
    return worked, untouched


@dataclass(frozen=True, slots=True, kw_only=True)
class _DecodedPart:
    body_part: BodyPart
    encoded_body: EncodedBody
    decoded: DecodedText
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class _PartEdits:
    """The edits of a body's content, if there are any, and whether its lines then are too long to stand as they are."""

    body_part: BodyPart
    encoded_body: EncodedBody
    edits: Sequence[ByteEdit]
    has_overlong_lines: bool


def _decode_part(raw: bytes, leaf: BodyPart, number: int, *, newline: bytes) -> _DecodedPart | SkipReason:
    transfer = parse_encoded_body(memoryview(raw)[leaf.start : leaf.end], leaf.transfer_encoding, newline=newline)
    if transfer is None:
        return SkipReason.TRANSFER_ENCODING
    seen = decode_text(transfer.decode(), leaf.charset)
    if seen is None:
        return SkipReason.CHARSET
    body = Body(
        index=number, body_type=leaf.body_type, text=seen.text, has_valid_charset=seen.has_valid_charset, flow=leaf.flow
    )
    return _DecodedPart(body_part=leaf, encoded_body=transfer, decoded=seen, body=body)


def _plan_part_edits(raw: bytes, opened: _DecodedPart, links: Sequence[Link]) -> _PartEdits | SkipReason:
    leaf = opened.body_part
    edits = build_byte_edits(opened.encoded_body.decode(), opened.decoded, links)
    if edits is None:
        return SkipReason.CHARSET
    # Only what stands unencoded can get a longer line.
    overlong = leaf.transfer_encoding in IDENTITY_ENCODINGS and _adds_overlong_lines(raw, _shift_edits(leaf, edits))
    if overlong and not leaf.transfer_encoding_spans:
        return SkipReason.LINE_TOO_LONG
    return _PartEdits(body_part=leaf, encoded_body=opened.encoded_body, edits=edits, has_overlong_lines=overlong)


def _build_message_edits(change: _PartEdits, *, newline: bytes) -> list[ByteEdit]:
    """What changes in the message."""
    leaf = change.body_part
    if not change.edits:
        return []
    if not change.has_overlong_lines:
        return _shift_edits(leaf, change.encoded_body.encode_edits(change.edits))
    field = b"Content-Transfer-Encoding: quoted-printable" + newline
    encoded = quoted_printable.encode(splice(change.encoded_body.decode(), change.edits), newline=newline)
    return [
        *(ByteEdit(start=start, end=end, replacement=field) for start, end in leaf.transfer_encoding_spans),
        ByteEdit(start=leaf.start, end=leaf.end, replacement=encoded),
    ]


def _shift_edits(leaf: BodyPart, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
    """Edits of a body as it stands in the message, as edits of that."""
    start = leaf.start
    return [ByteEdit(start=start + edit.start, end=start + edit.end, replacement=edit.replacement) for edit in edits]


def _adds_overlong_lines(content: bytes, edits: Sequence[ByteEdit]) -> bool:
    """Whether more lines are overlong after the edits than before."""
    added = 0
    for start, end, of_lines in _group_edits_by_line(content, edits):
        added += _count_overlong_lines(splice(content, of_lines, start=start, end=end))
        added -= _count_overlong_lines(content[start:end])
    return added > 0


def _group_edits_by_line(content: bytes, edits: Sequence[ByteEdit]) -> Iterator[tuple[int, int, list[ByteEdit]]]:
    """The spans of lines that change, and the edits in each."""
    start, end, of_lines = 0, -1, list[ByteEdit]()
    for edit in edits:
        if edit.start > end:
            if of_lines:
                yield start, end, of_lines
            start, of_lines = content.rfind(b"\n", max(end, 0), edit.start) + 1, []
        if edit.end > end:
            line_end = content.find(b"\n", edit.end)
            end = len(content) if line_end < 0 else line_end
        of_lines.append(edit)
    if of_lines:
        yield start, end, of_lines


def _count_overlong_lines(encoded: bytes) -> int:
    # Behind a line break, for which a search looks by itself: without one it would try at each byte.
    return sum(1 for _ in _OVERLONG_LATER_LINE.finditer(encoded)) + bool(_OVERLONG_LINE.match(encoded))
