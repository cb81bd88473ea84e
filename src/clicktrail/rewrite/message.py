"""Rewrite a whole message: find its bodies, their links, and splice tracking URLs into the bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clicktrail.model.link import Link
from clicktrail.rewrite.charset import View, byte_edits, view
from clicktrail.rewrite.mime import Leaf, Untouched, find_leaves
from clicktrail.rewrite.placing import Body, Placed, place
from clicktrail.rewrite.policy import Policy
from clicktrail.rewrite.splice import Edit, splice
from clicktrail.rewrite.transfer import Transfer, open_transfer

__all__ = ["Rewritten", "rewrite_message"]

_LONGEST_LINE = 998
"""Octets of a line, its line break apart (RFC 5322 section 2.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A message with tracking URLs.

    Attributes:
        raw: the message; every byte outside of tracked links is as it was.
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
    tag: Callable[[str], str],
    tracking_url: Callable[[Placed], str],
) -> Rewritten:
    """Replace the links of a message (RFC 5322) by tracking URLs, and change nothing else.

    Whatever the bytes are, this raises nothing: what is no message, or cannot be rewritten safely, comes back as it
    is, with the reason in ``untouched``.

    Args:
        raw: the message, as it goes over the wire.
        policy: which links are tracked.
        tag: adds UTM parameters to a destination; gives back what it gets where there are none to add.
        tracking_url: makes the URL that takes a link's place: http or https, characters ``[A-Za-z0-9/._-]`` in the
            path, the last one alphanumeric. Called once per position; once more, with another number of links, where
            a body has to be left out because its lines would grow too long.

    Raises:
        ValueError: ``tracking_url`` gave a URL of other characters.
    """
    untouched: list[Untouched] = []
    opened: list[_Opened] = []
    newline = b"\r\n" if raw.find(b"\r\n") == raw.find(b"\n") - 1 else b"\n"
    for leaf in find_leaves(raw):
        found = leaf if isinstance(leaf, Untouched) else _open(raw, leaf, newline=newline)
        if isinstance(found, Untouched):
            untouched.append(found)
        else:
            opened.append(found)
    edits, links = _rewrite(opened, untouched, policy=policy, tag=tag, tracking_url=tracking_url)
    return Rewritten(raw=splice(raw, edits), links=links, untouched=tuple(dict.fromkeys(untouched)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    leaf: Leaf
    encoded: bytes
    transfer: Transfer
    view: View


def _open(raw: bytes, leaf: Leaf, *, newline: bytes) -> _Opened | Untouched:
    encoded = raw[leaf.start : leaf.end]
    transfer = open_transfer(encoded, leaf.transfer_encoding, newline=newline)
    if transfer is None:
        return Untouched.TRANSFER_ENCODING
    seen = view(transfer.content, leaf.charset)
    if seen is None:
        return Untouched.CHARSET
    return _Opened(leaf=leaf, encoded=encoded, transfer=transfer, view=seen)


def _rewrite(
    opened: Sequence[_Opened],
    untouched: list[Untouched],
    *,
    policy: Policy,
    tag: Callable[[str], str],
    tracking_url: Callable[[Placed], str],
) -> tuple[list[Edit], tuple[Link, ...]]:
    """The edits of the message; bodies that do not bear theirs are left out, and the others numbered anew."""
    bodies = [Body(part=body.leaf.part, text=body.view.text, legible=body.view.legible) for body in opened]
    links = place(bodies, policy=policy, tag=tag, tracking_url=tracking_url)
    outcomes = [_edit(body, placed) for body, placed in zip(opened, links, strict=True)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Untouched)]
    if refused:
        untouched += refused
        kept = [body for body, outcome in zip(opened, outcomes, strict=True) if isinstance(outcome, Edit)]
        return _rewrite(kept, untouched, policy=policy, tag=tag, tracking_url=tracking_url)
    edits = [outcome for outcome in outcomes if isinstance(outcome, Edit)]
    return edits, tuple(link for placed in links for link in placed)


def _edit(body: _Opened, links: Sequence[Link]) -> Edit | Untouched:
    edits = byte_edits(body.transfer.content, body.view, links)
    if edits is None:
        return Untouched.CHARSET
    encoded = body.transfer.splice(edits) if edits else body.encoded
    if _count_overlong(encoded) > _count_overlong(body.encoded):
        return Untouched.LINE_TOO_LONG
    return Edit(start=body.leaf.start, end=body.leaf.end, replacement=encoded)


def _count_overlong(encoded: bytes) -> int:
    return sum(len(line.rstrip(b"\r")) > _LONGEST_LINE for line in encoded.split(b"\n"))
