"""Rewrite a whole message: find its bodies, their links, and splice tracking URLs into the bytes."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from clicktrail.model.link import Link
from clicktrail.rewrite import quoted_printable
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.edits import Edit, splice
from clicktrail.rewrite.encodings import IDENTITY, Transfer, View, byte_edits, open_transfer, view
from clicktrail.rewrite.mime import Leaf, Untouched, find_leaves
from clicktrail.rewrite.numbering import Body, Placed, place
from clicktrail.rewrite.policy import Policy

__all__ = ["Rewritten", "rewrite_message"]

_Outcome = TypeVar("_Outcome")

_OVERLONG = re.compile(rb"[^\r\n]{999}")
"""A line of more than 998 octets, its line break apart (RFC 5322 section 2.1.1)."""
_OVERLONG_NEXT = re.compile(rb"\n" + _OVERLONG.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A message with tracking URLs.

    Attributes:
        raw: the message; every byte outside of tracked links is as it was, transfer encodings undone.
        links: all links found, tracked or not, by body and in their order.
        untouched: why the message, or bodies of it, passed without being read or rewritten; each reason once.
    """

    raw: bytes
    links: tuple[Link, ...]
    untouched: tuple[Untouched, ...]

    @property
    def tracked(self) -> int:
        """How many links a reader can click and we see: tracked positions."""
        return len({link.position for link in self.links if link.tracked})


def rewrite_message(
    raw: bytes,
    *,
    policy: Policy,
    tagger: Callable[[], Callable[[Candidate], str]],
    tracking_url: Callable[[Placed], str],
) -> Rewritten:
    """Replace the links of a message (RFC 5322) by tracking URLs, and change nothing else.

    A body in which a line would grow longer than RFC 5322 allows is encoded as quoted-printable, and its
    Content-Transfer-Encoding says so.

    Whatever the bytes are, this raises nothing: what is no message, or cannot be rewritten safely, comes back as it
    is, with the reason in ``untouched``.

    Args:
        raw: the message, as it goes over the wire.
        policy: which links are tracked.
        tagger: gives a ``tag`` for the links of a message, the first one to come: it makes a link's destination, its
            URL with UTM parameters, or as it is where there are none to add. Called again, to begin anew, where a body
            has to be left out.
        tracking_url: makes the URL that takes a link's place: http or https, characters ``[A-Za-z0-9/._-]`` in the
            path, the last one alphanumeric. Called once per position and part, and again, with another number of links,
            where a body has to be left out.

    Raises:
        ValueError: ``tracking_url`` gave a URL of other characters.
    """
    newline = b"\r\n" if raw.partition(b"\n")[0].endswith(b"\r") else b"\n"
    leaves, untouched = _apart(find_leaves(raw))
    opened, unreadable = _apart(_open(raw, leaf, number, newline=newline) for number, leaf in enumerate(leaves))
    untouched += unreadable
    while True:
        links = place([body.body for body in opened], policy=policy, tag=tagger(), tracking_url=tracking_url)
        outcomes = [_changes(raw, body, placed) for body, placed in zip(opened, links, strict=True)]
        changes, refused = _apart(outcomes)
        if not refused:
            break
        # The other bodies are numbered anew, as if those that cannot bear their new links were not there.
        untouched += refused
        opened = [body for body, outcome in zip(opened, outcomes, strict=True) if not isinstance(outcome, Untouched)]
    opened.clear()  # The texts are as large as the message, and not needed any more.
    edits = [edit for change in changes for edit in _edits(change, newline=newline)]
    return Rewritten(
        raw=splice(raw, edits),
        links=tuple(link for placed in links for link in placed),
        untouched=tuple(dict.fromkeys(untouched)),
    )


def _apart(outcomes: Iterable[_Outcome | Untouched]) -> tuple[list[_Outcome], list[Untouched]]:
    """What worked, and why the rest did not."""
    worked: list[_Outcome] = []
    untouched: list[Untouched] = []
    for outcome in outcomes:
        if isinstance(outcome, Untouched):
            untouched.append(outcome)
        else:
            worked.append(outcome)
    return worked, untouched


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    leaf: Leaf
    transfer: Transfer
    view: View
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """The edits of a body's content, if there are any, and whether its lines then are too long to stand as they are."""

    leaf: Leaf
    transfer: Transfer
    edits: Sequence[Edit]
    overlong: bool


def _open(raw: bytes, leaf: Leaf, number: int, *, newline: bytes) -> _Opened | Untouched:
    transfer = open_transfer(memoryview(raw)[leaf.start : leaf.end], leaf.transfer_encoding, newline=newline)
    if transfer is None:
        return Untouched.TRANSFER_ENCODING
    seen = view(transfer.decode(), leaf.charset)
    if seen is None:
        return Untouched.CHARSET
    body = Body(number=number, part=leaf.part, text=seen.text, legible=seen.legible, flow=leaf.flow)
    return _Opened(leaf=leaf, transfer=transfer, view=seen, body=body)


def _changes(raw: bytes, opened: _Opened, links: Sequence[Link]) -> _Change | Untouched:
    leaf = opened.leaf
    edits = byte_edits(opened.transfer.decode(), opened.view, links)
    if edits is None:
        return Untouched.CHARSET
    # Only what stands unencoded can get a longer line.
    overlong = leaf.transfer_encoding in IDENTITY and _lengthens(raw, _from(leaf, edits))
    if overlong and not leaf.transfer_fields:
        return Untouched.LINE_TOO_LONG
    return _Change(leaf=leaf, transfer=opened.transfer, edits=edits, overlong=overlong)


def _edits(change: _Change, *, newline: bytes) -> list[Edit]:
    """What changes in the message."""
    leaf = change.leaf
    if not change.edits:
        return []
    if not change.overlong:
        return _from(leaf, change.transfer.edits(change.edits))
    field = b"Content-Transfer-Encoding: quoted-printable" + newline
    encoded = quoted_printable.encode(splice(change.transfer.decode(), change.edits), newline=newline)
    return [
        *(Edit(start=start, end=end, replacement=field) for start, end in leaf.transfer_fields),
        Edit(start=leaf.start, end=leaf.end, replacement=encoded),
    ]


def _from(leaf: Leaf, edits: Sequence[Edit]) -> list[Edit]:
    """Edits of a body as it stands in the message, as edits of that."""
    start = leaf.start
    return [Edit(start=start + edit.start, end=start + edit.end, replacement=edit.replacement) for edit in edits]


def _lengthens(content: bytes, edits: Sequence[Edit]) -> bool:
    """Whether more lines are overlong after the edits than before."""
    added = 0
    for start, end, of_lines in _by_lines(content, edits):
        added += _count_overlong(splice(content, of_lines, start=start, end=end))
        added -= _count_overlong(content[start:end])
    return added > 0


def _by_lines(content: bytes, edits: Sequence[Edit]) -> Iterator[tuple[int, int, list[Edit]]]:
    """The spans of lines that change, and the edits in each."""
    start, end, of_lines = 0, -1, list[Edit]()
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


def _count_overlong(encoded: bytes) -> int:
    # Behind a line break, for which a search looks by itself: without one it would try at each byte.
    return sum(1 for _ in _OVERLONG_NEXT.finditer(encoded)) + bool(_OVERLONG.match(encoded))
